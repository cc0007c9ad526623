-- luacheck's settings; `make lint` runs it over lua, tests, examples and src.
std = "lua54"
max_line_length = 80
read_globals = {"aio"} -- aiosh sets it
ignore = {"211/_ENV"} -- not seen to be used by every global
