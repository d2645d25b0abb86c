#!/bin/sh
# Both commands of the README on bare machines; see ../bare-machine.
exec "$(dirname "$0")/../bare-machine"
