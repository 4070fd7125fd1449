#!/bin/sh
# The supported Pythons here but the given one's version, one of each, newest first: on the PATH, or installed beside it as pyenv does.
asked=${1:-python3}
beside=$("$asked" -c 'import os, sys; print(os.path.dirname(os.path.realpath(sys.base_prefix)))')
minor='import sys; print("%d.%d" % sys.version_info[:2])'
seen=$("$asked" -c "$minor")
for version in 3.14 3.13 3.12 3.11; do
  for python in "python$version" "$beside/$version".*/bin/python3; do
    found=$("$python" -c "import ensurepip, sqlite3, ssl; $minor" 2>/dev/null)
    [ "$found" = "$version" ] && case " $seen " in *" $version "*) ;; *) echo "$python"; seen="$seen $version" ;; esac
  done
done
