/* The prompt of a program that is built without readline: plain lines. */
#include "program/lines.h"
#include "program/prompt.h"

void prompt_run(lua_State *L, bool bare) {
  (void)bare;
  lines_run(L);
}
