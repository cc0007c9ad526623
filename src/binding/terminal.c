/* aio.terminal: is this a terminal, and how large is it? */
#include <sys/ioctl.h>
#include <unistd.h>

#include "binding/api.h"

enum { USUAL_COLUMNS = 80, USUAL_ROWS = 24 };

/**
 * aio.terminal([fd]) -> columns, rows
 *
 * The size of the terminal behind anything with a descriptor (by default the
 * standard output). A terminal that does not tell its size is 80 by 24.
 * Returns: two integers, or nil where it is no terminal.
 * Errors: raises when fd is closed or has no descriptor.
 * Example: width = aio.terminal() or 80
 * See: isatty(3), ioctl_tty(2)
 */
static int terminal(lua_State *L) {
  int fd = lua_isnoneornil(L, 1) ? STDOUT_FILENO : api_fd(L, 1, NULL, NULL);
  struct winsize size = {0};
  if (!isatty(fd)) {
    lua_pushnil(L);
    return 1;
  }
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    size = (struct winsize){.ws_col = USUAL_COLUMNS, .ws_row = USUAL_ROWS};
  lua_pushinteger(L, size.ws_col);
  lua_pushinteger(L, size.ws_row);
  return 2;
}

void terminal_open(lua_State *L) {
  lua_pushcfunction(L, terminal);
  lua_setfield(L, -2, "terminal");
}
