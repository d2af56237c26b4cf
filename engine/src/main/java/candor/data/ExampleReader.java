package candor.data;

import candor.BadInput;
import candor.data.read.Entry;
import candor.data.read.Origin;
import candor.data.read.RowReader;
import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;

/** Reads data files as a stream of examples; each file's layout is told by its first row. */
public final class ExampleReader implements AutoCloseable {
    /**
     * How to read.
     *
     * @param kind what every row must say of its completion. Where that is {@link RowKind#LABELLED}, a row carries {@code
     *     label} (KTO), and ends in the completion that the label judges: the last message of {@code messages} and {@code
     *     conversations}; a row of {@code chosen} and {@code rejected} becomes two, in TRL's order: of each {@value #PAIRS}
     *     such rows first the chosen, then the rejected. Where it is {@link RowKind#PAIRED}, every row has {@code chosen} and
     *     {@code rejected}, and becomes two that follow one another
     * @param skipBadRows whether a row that is not valid is left out and counted, instead of ending the run
     * @param maxRowBytes room for one row
     */
    public record Settings(RowKind kind, boolean skipBadRows, int maxRowBytes) {
        public static Settings plain() {
            return new Settings(RowKind.PLAIN, false, RowReader.DEFAULT_MAX_ROW_BYTES);
        }

        /** After so many rows of two completions the rejected ones follow. */
        int block() {
            return kind == RowKind.PAIRED ? 1 : PAIRS;
        }
    }

    /** TRL parts pairs in blocks, whose size is the default of {@code Dataset.map}. */
    private static final int PAIRS = 1000;

    private final List<Path> files;
    private final RowReader rows;
    private final Settings settings;
    private Skipped skipped = Skipped.NONE;
    private Layout layout;
    private Path layoutFile;
    private long layoutLine;
    private final Queue<Example> rejected = new ArrayDeque<>();
    private boolean blockEnds;
    private final RowNotes notes = new RowNotes();

    private ExampleReader(List<Path> files, Settings settings) {
        this.files = List.copyOf(files);
        rows = RowReader.open(files, settings.maxRowBytes());
        this.settings = settings;
    }

    /** What it reads, as it was asked to. */
    List<Path> files() {
        return files;
    }

    /** Opens files that are read one after another; their layouts may differ. */
    public static ExampleReader open(List<Path> files, Settings settings) {
        return new ExampleReader(files, settings);
    }

    /**
     * Reads all examples of files into memory.
     *
     * @throws BadInput if there is none
     */
    public static List<Example> readAll(List<Path> files, Settings settings) {
        try (ExampleReader reader = open(files, settings)) {
            List<Example> examples = new ArrayList<>();
            for (Example example = reader.next(); example != null; example = reader.next()) {
                examples.add(example);
            }
            if (examples.isEmpty()) {
                throw new BadInput(files + ": no usable row"
                        + (reader.skipped.count() == 0
                                ? ""
                                : "; the first of " + reader.skipped.count() + " bad ones: "
                                        + reader.skipped.reasons().getFirst()));
            }
            return examples;
        }
    }

    /**
     * The next example; null behind the last one.
     *
     * @throws BadInput for a row that is not valid, unless such rows are to be skipped; for a file that cannot be read
     */
    public Example next() {
        if (blockEnds || rejected.size() == settings.block()) {
            blockEnds = rejected.size() > 1;
            return rejected.remove();
        }
        Example example = read();
        if (example == null && !rejected.isEmpty()) {
            blockEnds = rejected.size() > 1;
            return rejected.remove();
        }
        return example;
    }

    private Example read() {
        for (Entry entry = rows.next(); entry != null; entry = rows.next()) {
            try {
                return switch (entry) {
                    case Entry.Row row -> example(row);
                    case Entry.Bad bad -> throw new InvalidRow(bad.problem());
                };
            } catch (InvalidRow e) {
                String problem = entry.origin() + ": " + e.getMessage();
                if (!settings.skipBadRows()) {
                    throw new BadInput(problem, "fix the row, or leave such rows out with {skip_bad_rows}");
                }
                skipped = skipped.and(problem);
            }
        }
        return null;
    }

    /** The examples that are left, for those who take an iterator; it reads from this reader. */
    public Iterator<Example> iterator() {
        return new Iterator<>() {
            private Example ahead;

            @Override
            public boolean hasNext() {
                if (ahead == null) {
                    ahead = ExampleReader.this.next();
                }
                return ahead != null;
            }

            @Override
            public Example next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                Example example = ahead;
                ahead = null;
                return example;
            }
        };
    }

    private Example example(Entry.Row row) throws InvalidRow {
        recognise(row);
        ObjectNode columns = row.columns();
        Learning.requireNoWeight(columns);
        Example example = layout == Layout.PREFERENCE
                ? preferred(preference(columns), row.origin())
                : settings.kind() == RowKind.LABELLED
                        ? new Example(
                                endingInCompletion(layout.content(columns)), Learning.label(columns), row.origin())
                        : new Example(layout.content(columns), null, row.origin());
        notes.of(layout, columns, settings.kind(), example.content());
        return example;
    }

    private Preference preference(ObjectNode columns) throws InvalidRow {
        Preference pair = Preference.of(columns);
        if (settings.kind() == RowKind.PAIRED && pair.chosen().equals(pair.rejected())) {
            throw new InvalidRow("'chosen' and 'rejected' are the same, so there is nothing to prefer");
        }
        return pair;
    }

    private Example preferred(Preference pair, Origin origin) {
        rejected.add(new Example(pair.rejected(), false, origin));
        return new Example(pair.chosen(), true, origin);
    }

    /** What was read in another way than the file may have been meant, or not read, each said once. */
    public List<String> notes() {
        return notes.all();
    }

    private void recognise(Entry.Row row) throws InvalidRow {
        ObjectNode columns = row.columns();
        if (!row.origin().file().equals(layoutFile)) {
            Layout first = Layout.of(columns, settings.kind());
            if (first == null) {
                throw new InvalidRow("the columns " + names(columns) + " are of no known layout: " + known());
            }
            layout = first;
            layoutFile = row.origin().file();
            layoutLine =
                    row.origin().line() > 0 ? row.origin().line() : row.origin().row();
        } else if (!layout.fits(columns)) {
            throw new InvalidRow("the columns " + names(columns) + " lack some of " + layout.columns()
                    + ", which the file has had since " + (row.origin().line() > 0 ? "line " : "row ") + layoutLine);
        }
    }

    private String known() {
        String pairs = "prompt, chosen, rejected";
        return settings.kind() == RowKind.PAIRED
                ? pairs
                : "messages; prompt, completion; instruction, input, output; instruction, context, response;"
                        + " conversations; text; and for KTO " + pairs;
    }

    private static List<String> names(ObjectNode columns) {
        List<String> names = new ArrayList<>();
        columns.fieldNames().forEachRemaining(names::add);
        return names.size() <= 20 ? names : names.subList(0, 20);
    }

    private static Example.Content endingInCompletion(Example.Content content) throws InvalidRow {
        if (content instanceof Example.WholeText) {
            throw new InvalidRow("'text' has no completion that 'label' could judge; give 'prompt' and 'completion'");
        }
        if (!(content instanceof Example.Chat(Conversation conversation))) {
            return content;
        }
        List<Message> messages = conversation.messages();
        int last = messages.size() - 1;
        if (!messages.get(last).isAssistant()) {
            throw new InvalidRow("does not end with an assistant turn, so there is nothing that 'label' could judge");
        }
        if (last == 0) {
            throw new InvalidRow("has no turn before the assistant's");
        }
        if (!messages.get(last).learnt()) {
            throw new InvalidRow("has weight 0 at the turn that 'label' judges; leave the row out");
        }
        return new Example.PromptAndCompletion(conversation.first(last), messages.subList(last, last + 1));
    }

    /** The rows left out so far. */
    public Skipped skipped() {
        return skipped;
    }

    @Override
    public void close() {
        rows.close();
    }
}
