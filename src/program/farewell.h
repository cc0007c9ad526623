/* The end of a session at the prompt with requests in flight. */
#ifndef PROGRAM_FAREWELL_H
#define PROGRAM_FAREWELL_H

/* From now on the end of the process says what is pending, cancels polls and
 * waits for the rest, until Ctrl-C or Ctrl-D. */
void farewell_install(void);

#endif
