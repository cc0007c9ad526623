/* TAP for the C tests: ok() as often as wanted, then return done(). */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>

/* Announces n tests; may be left out, done() then says how many ran. */
void plan(int n);

/* One test; the name is a format. Answers what it was given. */
bool ok(bool good, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* Ends the program's tests before they began: it exits with 77,
 * or with 0 under prove. */
void skip_all(const char *why) __attribute__((noreturn));

/* The exit status: 0, or 1 if a test failed or the number was wrong. */
int done(void);

#endif
