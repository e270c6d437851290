"""The `fairlead` command: starts, shows and steers a deployment. It speaks to services over the bus only."""
