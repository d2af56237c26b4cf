package candor.data;

import candor.BadInput;
import candor.data.read.Origin;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The rows of a run, encoded before it starts: what is wrong with a row, and which rows are left without a target, is
 * known before the first step. Rows are numbered from 0 without those left out. In memory a token takes five bytes.
 */
public final class Dataset {
    /**
     * How rows become what is trained on.
     *
     * @param truncation how a row that is too long is cut
     * @param maxLength tokens of the longest row
     * @param skipBadRows whether a row that cannot be encoded is left out and counted, instead of ending the run
     * @param group so many examples in turn are kept or left out together
     * @param threads how many encode
     */
    public record Settings(Truncation truncation, int maxLength, boolean skipBadRows, int group, int threads) {
        public Settings {
            if (maxLength < 2) {
                throw new BadInput(
                        "rows of at most " + maxLength + " tokens have nothing to learn",
                        "give {max_length} as 2 or more");
            }
        }
    }

    private sealed interface Result {}

    private record Encoded(EncodedRow row, Origin origin) implements Result {}

    private record Refused(String problem) implements Result {}

    private final Settings settings;
    private final List<EncodedRow> rows = new ArrayList<>();
    private final List<Origin> origins = new ArrayList<>();
    private Skipped skipped = Skipped.NONE;
    private Skipped withoutTarget = Skipped.NONE;
    private long cutRows;
    private List<String> notes = List.of();

    private Dataset(Settings settings) {
        this.settings = settings;
    }

    /**
     * Encodes all examples.
     *
     * @throws BadInput if one cannot be encoded and is not to be skipped, or if none is left
     */
    public static Dataset encode(Iterator<Example> examples, RowEncoder encoder, Settings settings) {
        return read(examples, encoder, settings).orFail("");
    }

    /** Encodes all that a reader has left, and keeps what there is to say of how it was read, and what it left out. */
    public static Dataset encode(ExampleReader reader, RowEncoder encoder, Settings settings) {
        Dataset dataset = read(reader.iterator(), encoder, settings);
        dataset.skipped = reader.skipped().and(dataset.skipped);
        dataset.notes = reader.notes();
        return dataset.orFail(reader.files() + ": ");
    }

    private static Dataset read(Iterator<Example> examples, RowEncoder encoder, Settings settings) {
        Dataset dataset = new Dataset(settings);
        try (Prefetcher<Example, Result> results = new Prefetcher<>(
                examples, example -> encode(example, encoder, settings), settings.threads(), Prefetcher.ROWS)) {
            List<Result> group = new ArrayList<>();
            for (Result result = results.next(); result != null; result = results.next()) {
                group.add(result);
                if (group.size() == settings.group()) {
                    dataset.add(group);
                    group.clear();
                }
            }
        }
        return dataset;
    }

    /** @param place what comes before what is wrong */
    private Dataset orFail(String place) {
        if (rows.isEmpty()) {
            throw new BadInput(place + "there is no row to learn from: " + skipped.count() + " could not be used, "
                    + withoutTarget.count() + " had nothing to learn"
                    + (settings.maxLength() == Integer.MAX_VALUE ? "" : " within " + settings.maxLength() + " tokens")
                    + Stream.of(skipped, withoutTarget)
                            .flatMap(left -> left.reasons().stream())
                            .findFirst()
                            .map(reason -> "; the first: " + reason)
                            .orElse(""));
        }
        return this;
    }

    /** Rows that are tokens already and come from no file, whole and numbered as they come. */
    public static Dataset of(List<EncodedRow> rows) {
        int longest = rows.stream().mapToInt(EncodedRow::length).max().orElse(2);
        Dataset dataset = new Dataset(new Settings(Truncation.TRL, longest, false, 1, 1));
        for (EncodedRow row : rows) {
            dataset.origins.add(new Origin(Path.of("memory"), dataset.rows.size() + 1, 0));
            dataset.rows.add(
                    new EncodedRow(dataset.rows.size(), row.ids(), row.target(), row.promptLength(), row.label()));
        }
        return dataset;
    }

    private static Result encode(Example example, RowEncoder encoder, Settings settings) {
        try {
            return new Encoded(encoder.encode(example), example.origin());
        } catch (BadInput e) {
            return new Refused(refused(example.origin() + ": " + e.getMessage(), settings, e));
        }
    }

    /** The problem of a row that may be left out. */
    private static String refused(String problem, Settings settings, BadInput cause) {
        if (settings.skipBadRows()) {
            return problem;
        }
        throw new BadInput(problem, "fix the row, or leave such rows out with {skip_bad_rows}", cause);
    }

    /**
     * TRL drops a row that cutting leaves without a target; so is it done here for either way of cutting. Of what lacks
     * something nothing is kept, and the first fault is told.
     */
    private void add(List<Result> group) {
        for (Result result : group) {
            if (result instanceof Refused(String problem)) {
                skipped = skipped.and(problem);
                return;
            }
        }
        List<Encoded> encoded = group.stream().map(Encoded.class::cast).toList();
        if (same(encoded.stream().map(Encoded::row).toList())) {
            skipped = skipped.and(refused(
                    encoded.getFirst().origin
                            + ": 'chosen' and 'rejected' become the same tokens, so there is nothing to prefer",
                    settings,
                    null));
            return;
        }
        List<EncodedRow> cuts = encoded.stream().map(each -> cut(each.row)).toList();
        for (int i = 0; i < cuts.size(); i++) {
            if (cuts.get(i).targets() == 0) {
                withoutTarget = withoutTarget.and(encoded.get(i).origin + ": nothing to learn in the first "
                        + cuts.get(i).length() + " of " + encoded.get(i).row.length() + " tokens");
                return;
            }
        }
        if (same(cuts)) {
            // Its gradient is 0 but for rounding, which AdamW would scale up to full steps.
            withoutTarget =
                    withoutTarget.and(encoded.getFirst().origin + ": 'chosen' and 'rejected' are the same, cut to "
                            + cuts.getFirst().length() + " tokens");
            return;
        }
        for (int i = 0; i < cuts.size(); i++) {
            EncodedRow row = encoded.get(i).row;
            EncodedRow cut = cuts.get(i);
            cutRows += cut == row ? 0 : 1;
            // A labelled row stays whole: its completion may yet stand behind a shorter prompt.
            EncodedRow kept = row.label() == null ? cut : row;
            rows.add(new EncodedRow(rows.size(), kept.ids(), kept.target(), kept.promptLength(), kept.label()));
            origins.add(encoded.get(i).origin);
        }
    }

    /** Whether a group has several rows and they are one. */
    private static boolean same(List<EncodedRow> group) {
        int[] ids = group.getFirst().ids();
        return group.size() > 1 && group.stream().allMatch(row -> Arrays.equals(row.ids(), ids));
    }

    private EncodedRow cut(EncodedRow row) {
        return settings.truncation().apply(row, settings.maxLength());
    }

    /**
     * A part of the rows, numbered anew. What was cut or left out of the whole is not told again.
     *
     * @param chosen numbers of rows, in the order that they shall have
     */
    private Dataset part(List<Integer> chosen) {
        Dataset part = new Dataset(settings);
        chosen.forEach(row -> part.copy(this, row));
        return part;
    }

    /**
     * Holds out a share of the rows, which a seed draws; both parts keep the order of the data. What was one row of a file,
     * such as a chosen completion and a rejected one, stays together.
     *
     * @throws BadInput if that leaves nothing on one side
     */
    public Parts split(double share, long seed) {
        Map<Origin, List<Integer>> together = new LinkedHashMap<>();
        for (int row = 0; row < size(); row++) {
            together.computeIfAbsent(origins.get(row), _ -> new ArrayList<>()).add(row);
        }
        Split<List<Integer>> split = Split.share(List.copyOf(together.values()), share, seed);
        if (split.heldOut().isEmpty()) {
            throw new BadInput(
                    "a share of " + share + " of " + together.size() + " rows is less than half a row; hold out more");
        }
        Dataset train = part(inOrder(split.train()));
        train.skipped = skipped;
        train.withoutTarget = withoutTarget;
        train.cutRows = cutRows;
        train.notes = notes;
        return new Parts(train, part(inOrder(split.heldOut())));
    }

    private static List<Integer> inOrder(List<List<Integer>> rows) {
        return rows.stream().flatMap(List::stream).sorted().toList();
    }

    /**
     * These rows with some of another data set spread evenly among them: the i-th of m stands behind (i + ½) / m of these. What was
     * cut or left out of either is told.
     *
     * @param chosen numbers of the other's rows; those of a list follow one another
     */
    Dataset with(Dataset other, List<List<Integer>> chosen) {
        Dataset mixed = new Dataset(settings);
        int placed = 0;
        for (int row = 0; row <= size(); row += settings.group()) {
            while (placed < chosen.size() && (placed + 0.5) * size() / chosen.size() <= row) {
                for (int added : chosen.get(placed)) {
                    mixed.copy(other, added);
                }
                placed++;
            }
            for (int own = row; own < Math.min(row + settings.group(), size()); own++) {
                mixed.copy(this, own);
            }
        }
        mixed.skipped = skipped.and(other.skipped);
        mixed.withoutTarget = withoutTarget.and(other.withoutTarget);
        mixed.cutRows = cutRows + other.cutRows;
        mixed.notes =
                Stream.of(notes, other.notes).flatMap(List::stream).distinct().toList();
        return mixed;
    }

    private void copy(Dataset from, int row) {
        EncodedRow whole = from.rows.get(row);
        rows.add(new EncodedRow(rows.size(), whole.ids(), whole.target(), whole.promptLength(), whole.label()));
        origins.add(from.origins.get(row));
    }

    /** What a split gives; what was cut or left out of the whole is told by the rows to train on. */
    public record Parts(Dataset train, Dataset heldOut) {}

    public int size() {
        return rows.size();
    }

    /** A row, cut to length. */
    public EncodedRow row(int row) {
        return cut(rows.get(row));
    }

    /** A row's prompt with another row's completion, cut to length: a pair of KTO's KL term. */
    public EncodedRow pair(int prompt, int completion) {
        return cut(rows.get(prompt).withCompletionOf(rows.get(completion)));
    }

    /** Where a row came from. */
    public Origin origin(int row) {
        return origins.get(row);
    }

    /** Each row's tokens, as cut; what a {@link Batcher} plans with. */
    public int[] lengths() {
        return IntStream.range(0, rows.size()).map(row -> row(row).length()).toArray();
    }

    /** Rows that could not be read or encoded. */
    public Skipped skipped() {
        return skipped;
    }

    /** Rows left out because nothing in them is to be learnt, as a rule because they were cut. */
    public Skipped withoutTarget() {
        return withoutTarget;
    }

    /** What a user should know of how the rows were read ({@link ExampleReader#notes}). */
    public List<String> notes() {
        return notes;
    }

    /** How many rows were cut and kept. */
    public long cutRows() {
        return cutRows;
    }
}
