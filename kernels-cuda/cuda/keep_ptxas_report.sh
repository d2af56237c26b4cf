#!/bin/bash
# keep_ptxas_report.sh OBJECT COMMAND...: runs nvcc and keeps what ptxas says beside the object; a failure is shown.
object=$1
shift
"$@" 2> "$object.ptxas"
status=$?
if [ $status -ne 0 ]; then cat "$object.ptxas" >&2; fi
grep -v -E '^ptxas info|^ +[0-9]+ bytes stack frame|Compile time|^$' "$object.ptxas" >&2
exit $status
