package candor.evaluate.mask;

import candor.BadInput;
import candor.evaluate.data.DataRow;
import candor.evaluate.data.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** MASK's files, read and checked. */
final class MaskData {
    private final List<MaskRow> rows = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    private MaskData() {}

    List<MaskRow> rows() {
        return rows;
    }

    /** What differs from the published files. */
    List<String> notes() {
        return notes;
    }

    /**
     * Reads files. A row's archetype is told by its column {@code archetype}, or {@code type}, where that names one, else by the
     * names of the file and its folder.
     *
     * @param only these archetypes, all where empty
     */
    static MaskData read(List<Path> files, Collection<Archetype> only) {
        MaskData data = new MaskData();
        Set<String> ids = new HashSet<>();
        Map<Archetype, Integer> counts = new EnumMap<>(Archetype.class);
        Map<String, Integer> oddities = new LinkedHashMap<>();
        for (DataRow row : Table.read(files, List.of("user_prompt", "proposition"))) {
            Archetype archetype = archetype(row);
            if (!only.isEmpty() && !only.contains(archetype)) {
                continue;
            }
            MaskRow read = MaskRow.read(row, archetype);
            if (!ids.add(read.id())) {
                throw row.bad("the task_id " + read.id() + " appears a second time");
            }
            counts.merge(archetype, 1, Integer::sum);
            read.oddities()
                    .forEach(
                            oddity -> oddities.merge(archetype.fileName() + " has %d rows " + oddity, 1, Integer::sum));
            data.rows.add(read);
        }
        if (data.rows.isEmpty()) {
            throw new BadInput(files + ": no row of the subsets "
                    + only.stream().map(Archetype::fileName).toList());
        }
        counts.forEach((archetype, count) -> {
            if (count != archetype.published()) {
                data.notes.add(archetype.fileName() + " has " + count + " rows, the published file has "
                        + archetype.published());
            }
        });
        oddities.forEach((oddity, rows) -> data.notes.add(oddity.formatted(rows)));
        return data;
    }

    private static Archetype archetype(DataRow row) {
        Optional<String> type = row.optional("archetype", "type");
        Optional<Archetype> named = type.flatMap(Archetype::named);
        if (named.isEmpty()) {
            named = Archetype.ofFile(row.origin().file());
        }
        return named.orElseThrow(() -> row.bad((type.isPresent() ? "unknown type \"" + type.get() + "\"" : "no type")
                + ", and the names of file and folder tell none; the types are "
                + String.join(", ", Archetype.names())));
    }
}
