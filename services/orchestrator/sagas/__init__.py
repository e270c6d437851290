"""One module a saga: the messages it handles, the facts it needs, its decisions. All pure."""
