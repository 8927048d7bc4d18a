"""The commands, one module per group; `counterpart/command.py` lists them."""
