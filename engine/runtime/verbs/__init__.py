"""One module per verb, imported when it is asked for; each has `OPTIONS`, `USAGE` and `main(call)`."""
