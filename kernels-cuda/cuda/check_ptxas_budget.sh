#!/bin/bash
# check_ptxas_budget.sh BUDGET FOLDER: fails where a kernel spills more bytes, uses more registers or loses more than BUDGET
# allows its file on an architecture: setmaxnreg that is ignored, kernels whose wgmma is serialised, so that products do not
# overlap. With --write it prints a budget of what FOLDER's reports say.
#
# A line of the budget: FILE ARCHITECTURE REGISTERS SPILLED LOST, the largest of any kernel in the file; # is a comment. The
# line "* *" is for what has no line of its own.
budget=$1
folder=$2
measured=$(find "$folder" -name '*.ptxas' | LC_ALL=C sort | while read -r report; do
    awk -v file="$(basename "$report" .o.ptxas)" '
        function most(key, value) { if (!(key in seen) || value + 0 > seen[key]) seen[key] = value + 0 }
        /Compiling entry function/ { match($0, /sm_[0-9]+a?/); arch = substr($0, RSTART, RLENGTH); archs[arch] = 1 }
        /bytes spill stores/ { match($0, /[0-9]+ bytes spill stores/); most(arch "s", substr($0, RSTART)) }
        /Used [0-9]+ registers/ { match($0, /[0-9]+ registers/); most(arch "r", substr($0, RSTART)) }
        /setmaxnreg.*ignored/ { lost[arch]++ }
        /wgmma.*serialized/ { serialised++ }  # stands before all kernels; only one architecture has wgmma
        END { for (a in archs) print file, a, seen[a "r"] + 0, seen[a "s"] + 0, lost[a] + serialised + 0 }' "$report"
done | LC_ALL=C sort)
if [ "$3" = --write ]; then
    echo "# FILE ARCHITECTURE REGISTERS SPILLED LOST: see check_ptxas_budget.sh"
    echo "$measured"
    exit 0
fi
if [ -z "$measured" ]; then echo "no reports of ptxas in $folder"; exit 1; fi
echo "$measured" | awk -v budget="$budget" '
    BEGIN {
        while ((getline line < budget) > 0) {
            if (line ~ /^#/ || split(line, f) < 5) continue
            key = f[1] " " f[2]; registers[key] = f[3]; spilled[key] = f[4]; lost[key] = f[5]
        }
    }
    {
        key = $1 " " $2
        if (!(key in registers) && ("* *" in registers)) {
            registers[key] = registers["* *"]; spilled[key] = spilled["* *"]; lost[key] = lost["* *"]
        }
        if (!(key in registers)) { print key ": not in the budget (" $3 " registers, " $4 " bytes spilled)"; bad = 1; next }
        if ($3 > registers[key]) { print key ": " $3 " registers, allowed are " registers[key]; bad = 1 }
        if ($4 > spilled[key]) { print key ": " $4 " bytes spilled, allowed are " spilled[key]; bad = 1 }
        if ($5 > lost[key]) { print key ": setmaxnreg ignored or wgmma serialised " $5 " times, allowed are " lost[key]; bad = 1 }
    }
    END { exit bad }'
