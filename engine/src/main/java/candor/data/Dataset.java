package candor.data;

import candor.BadInput;
import candor.data.read.Origin;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

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
     * @param threads how many encode
     */
    public record Settings(Truncation truncation, int maxLength, boolean skipBadRows, int threads) {
        public Settings {
            if (maxLength < 2) {
                throw new BadInput("--max-length must be at least 2, not " + maxLength);
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
        Dataset dataset = new Dataset(settings);
        try (Prefetcher<Example, Result> results = new Prefetcher<>(
                examples, example -> encode(example, encoder, settings), settings.threads(), Prefetcher.ROWS)) {
            for (Result result = results.next(); result != null; result = results.next()) {
                switch (result) {
                    case Encoded(EncodedRow row, Origin origin) -> dataset.add(row, origin);
                    case Refused(String problem) -> dataset.skipped = dataset.skipped.and(problem);
                }
            }
        }
        if (dataset.rows.isEmpty()) {
            throw new BadInput("there is no row to train on: " + dataset.skipped.count() + " could not be encoded, "
                    + dataset.withoutTarget.count() + " had nothing to learn within --max-length "
                    + settings.maxLength());
        }
        return dataset;
    }

    /** Encodes all that a reader has left, and keeps what there is to say of how it was read. */
    public static Dataset encode(ExampleReader reader, RowEncoder encoder, Settings settings) {
        Dataset dataset = encode(reader.iterator(), encoder, settings);
        dataset.notes = reader.notes();
        return dataset;
    }

    private static Result encode(Example example, RowEncoder encoder, Settings settings) {
        try {
            return new Encoded(encoder.encode(example), example.origin());
        } catch (BadInput e) {
            String problem = example.origin() + ": " + e.getMessage();
            if (settings.skipBadRows()) {
                return new Refused(problem);
            }
            throw new BadInput(problem + "; fix the row, or leave such rows out with --skip-bad-rows", e);
        }
    }

    /** TRL drops a row that cutting leaves without a target; so is it done here for either way of cutting. */
    private void add(EncodedRow row, Origin origin) {
        EncodedRow cut = settings.truncation().apply(row, settings.maxLength());
        if (cut.targets() == 0) {
            withoutTarget = withoutTarget.and(
                    origin + ": nothing to learn in the first " + cut.length() + " of " + row.length() + " tokens");
            return;
        }
        cutRows += cut == row ? 0 : 1;
        // A labelled row stays whole: its completion may yet stand behind a shorter prompt.
        EncodedRow kept = row.label() == null ? cut : row;
        rows.add(new EncodedRow(rows.size(), kept.ids(), kept.target(), kept.promptLength(), kept.label()));
        origins.add(origin);
    }

    /**
     * A part of the rows, numbered anew. What was cut or left out of the whole is not told again.
     *
     * @param chosen numbers of rows, in the order that they shall have
     */
    private Dataset part(List<Integer> chosen) {
        Dataset part = new Dataset(settings);
        for (int row : chosen) {
            EncodedRow whole = rows.get(row);
            part.rows.add(
                    new EncodedRow(part.rows.size(), whole.ids(), whole.target(), whole.promptLength(), whole.label()));
            part.origins.add(origins.get(row));
        }
        return part;
    }

    /**
     * Holds out a share of the rows, which a seed draws; both parts keep the order of the data.
     *
     * @throws BadInput if that leaves nothing on one side
     */
    public Parts split(double share, long seed) {
        List<Integer> all = IntStream.range(0, size()).boxed().toList();
        Split<Integer> split = Split.share(all, share, seed);
        if (split.heldOut().isEmpty()) {
            throw new BadInput(
                    "a share of " + share + " of " + size() + " rows is less than half a row; hold out more");
        }
        Dataset train = part(split.train());
        train.skipped = skipped;
        train.withoutTarget = withoutTarget;
        train.cutRows = cutRows;
        train.notes = notes;
        return new Parts(train, part(split.heldOut()));
    }

    /** What a split gives; what was cut or left out of the whole is told by the rows to train on. */
    public record Parts(Dataset train, Dataset heldOut) {}

    public int size() {
        return rows.size();
    }

    /** A row, cut to length. */
    public EncodedRow row(int row) {
        return settings.truncation().apply(rows.get(row), settings.maxLength());
    }

    /** A row's prompt with another row's completion, cut to length: a pair of KTO's KL term. */
    public EncodedRow pair(int prompt, int completion) {
        return settings.truncation()
                .apply(rows.get(prompt).withCompletionOf(rows.get(completion)), settings.maxLength());
    }

    /** Where a row came from. */
    public Origin origin(int row) {
        return origins.get(row);
    }

    /** Each row's tokens, as cut; what a {@link Batcher} plans with. */
    public int[] lengths() {
        return IntStream.range(0, rows.size()).map(row -> row(row).length()).toArray();
    }

    /** Rows that could not be encoded. */
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
