# bash completion for aiosh. The options are those that --help lists.

_aiosh_options() { # PROGRAM
  "$1" --help 2>/dev/null | sed -n 's/^  \(-[^ =[]*=\{0,1\}\).*/\1/p'
}

# COMPREPLY from words, or from file names when there are none given.
_aiosh_reply() { # CURRENT WORDS...
  local current=$1
  shift
  if [ $# -eq 0 ]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$current")
  fi
}

# Values behind "=", which bash makes a word of its own.
_aiosh_value() { # OPTION CURRENT
  case $1 in
  --color) _aiosh_reply "$2" auto always never ;;
  *) _aiosh_reply "$2" ;;
  esac
}

_aiosh() {
  local current=${COMP_WORDS[COMP_CWORD]}
  local before=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if [ "$current" = "=" ]; then
    _aiosh_value "$before" ""
  elif [ "$before" = "=" ]; then
    _aiosh_value "${COMP_WORDS[COMP_CWORD - 2]}" "$current"
  elif [ "$before" = -e ]; then
    return
  elif [[ $current = -* ]]; then
    # shellcheck disable=SC2046 # options, one a word
    _aiosh_reply "$current" $(_aiosh_options "$1")
    [[ ${COMPREPLY[0]-} = *= ]] && compopt -o nospace 2>/dev/null
  else
    _aiosh_reply "$current"
  fi
  return 0
}

complete -F _aiosh aiosh
