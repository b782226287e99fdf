"""The lines of a Dockerfile, as `commit --change` and `import --change` take them."""
