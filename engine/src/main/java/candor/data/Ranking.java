package candor.data;

import candor.BadInput;
import candor.data.read.Entry;
import candor.data.read.RowReader;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * An order of a file's rows, as {@code candor screen} writes it: lines with {@code row}, the row's number in the file from 1, and
 * {@code rank}, 1 for the row that would do the most harm.
 */
public final class Ranking {
    private final Path file;
    private final Map<Long, Long> ranks;

    private Ranking(Path file, Map<Long, Long> ranks) {
        this.file = file;
        this.ranks = ranks;
    }

    /**
     * Reads it.
     *
     * @throws BadInput for lines that say no row and rank, and for a row or a rank that two lines name
     */
    public static Ranking read(Path file) {
        Map<Long, Long> ranks = new HashMap<>();
        Set<Long> taken = new HashSet<>();
        try (RowReader reader = RowReader.open(file, RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                switch (entry) {
                    case Entry.Bad bad -> throw bad.toBadInput();
                    case Entry.Row line -> {
                        long rank = number(line, "rank");
                        long row = number(line, "row");
                        if (ranks.putIfAbsent(row, rank) != null) {
                            throw new BadInput(line.origin() + ": ranks row " + row + " a second time");
                        }
                        if (!taken.add(rank)) {
                            throw new BadInput(line.origin() + ": gives rank " + rank + " a second time");
                        }
                    }
                }
            }
        }
        return new Ranking(file, ranks);
    }

    private static long number(Entry.Row line, String column) {
        JsonNode value = line.columns().path(column);
        if (!value.canConvertToExactIntegral() || !value.canConvertToLong() || value.longValue() < 1) {
            throw new BadInput(line.origin() + ": has no \"" + column + "\" that is a whole number from 1 up; a ranking"
                    + " is the screen.jsonl that candor screen writes");
        }
        return value.longValue();
    }

    /** A row's rank, by its number in its file. */
    public OptionalLong rank(long row) {
        Long rank = ranks.get(row);
        return rank == null ? OptionalLong.empty() : OptionalLong.of(rank);
    }

    /** Where it was read. */
    public Path file() {
        return file;
    }
}
