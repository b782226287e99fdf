"""The one door to the engine: its blocking calls run in threads here, and their results come out as messages.

    dashboard (event loop)          bridge (threads)                       engine
    select, poke      ---------->   pulse   once a second, or when poked   overview, history
    MomentCame ...    <----------           word of every change           events
    select            ---------->   tail    the selected container's log   follow_log, log
    LogGrew, take     <----------
    act               ---------->   crew    one thread for each call       start, stop, remove ...
    Acted             <----------

Every thread is a daemon: quitting never waits for an engine that does not answer.
"""

from tui.bridge.door import Bridge

__all__ = ["Bridge"]
