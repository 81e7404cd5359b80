"""The START page of `make lab`: a map of the units, what is solved, and where to go on.

`units` reads what a unit consists of from the notebooks, `state` how far a learner is from the local records, `page` draws
both as HTML, `server` is the extension of jupyter_server that answers `/course/`.
"""
