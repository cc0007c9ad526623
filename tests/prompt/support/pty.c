/* Runs a command on a pseudo terminal of its own, for terminal.lua.
 *   usage: pty COLUMNS ROWS COMMAND [ARGUMENT...]
 * Prints the name of the terminal and the process id in a line, then what the
 * command prints; what comes in is typed. The end of the input hangs up. Ends
 * with "\n[exit N]\n" or "\n[signal N]\n". */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int open_terminal(int columns, int rows) {
  struct winsize size = {.ws_col = (unsigned short)columns,
                         .ws_row = (unsigned short)rows};
  int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0)
    die("posix_openpt");
  if (ioctl(fd, TIOCSWINSZ, &size) != 0)
    die("TIOCSWINSZ");
  return fd;
}

/* The child: leader of a session whose terminal is this one. A shell's
 * background commands ignore the signals of the keyboard; this is none. */
static _Noreturn void run(const char *name, char **command) {
  signal(SIGINT, SIG_DFL);
  signal(SIGQUIT, SIG_DFL);
  setsid();
  int fd = open(name, O_RDWR);
  if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0)
    die(name);
  for (int i = 0; i < 3; i++)
    dup2(fd, i);
  if (fd > 2)
    close(fd);
  execvp(command[0], command);
  die(command[0]);
  _exit(127);
}

/* Copies what is there; false at the end: a terminal ends with EIO. */
static bool copy(int from, int to) {
  char text[4096];
  ssize_t n = read(from, text, sizeof text);
  for (ssize_t done = 0; done < n;) {
    ssize_t put = write(to, text + done, (size_t)(n - done));
    if (put < 0)
      return false;
    done += put;
  }
  return n > 0 || (n < 0 && errno == EINTR);
}

static void relay(int terminal) {
  struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                         {.fd = terminal, .events = POLLIN}};
  while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
    if (fds[1].revents != 0 && !copy(terminal, STDOUT_FILENO))
      return;
    if (fds[0].revents != 0 && !copy(STDIN_FILENO, terminal))
      return;
  }
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: %s columns rows command [argument...]\n", argv[0]);
    return 2;
  }
  int terminal = open_terminal(atoi(argv[1]), atoi(argv[2]));
  const char *name = ptsname(terminal);
  pid_t child = fork();
  if (child == 0)
    run(name, argv + 3);
  printf("%s %d\n", name, (int)child);
  fflush(stdout);
  relay(terminal);
  close(terminal);
  int status;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    printf("\n[signal %d]\n", WTERMSIG(status));
  else
    printf("\n[exit %d]\n", WEXITSTATUS(status));
  return 0;
}
