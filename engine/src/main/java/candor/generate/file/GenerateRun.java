package candor.generate.file;

import candor.BadInput;
import candor.comm.Communicator;
import candor.comm.SharedWork;
import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.generate.file.PromptSet.Encoded;
import candor.io.AtomicFile;
import candor.io.Journal;
import candor.lora.AdapterBank;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.probe.Steering;
import candor.text.Tokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Every prompt of a file through every adapter, into a file. Made in two steps: {@link #prepare} reads and checks whatever
 * the user can mend, {@link #run} computes.
 */
public final class GenerateRun implements AutoCloseable {
    /** Hears how it goes. */
    public interface Progress {
        /**
         * A row is done.
         *
         * @param rows   how many are
         * @param tokens how many new tokens it has
         */
        void row(int rows, int tokens);
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    /** As many as an array has places. */
    private static final int MOST_ROWS = Integer.MAX_VALUE - 8;

    private final RunSettings settings;
    private final ObjectNode identity;
    private final ModelConfig config;
    private final Tokenizer tokenizer;
    private final PromptSet prompts;
    /** Null where the run is done already. */
    private final Journal journal;

    private GenerateRun(
            RunSettings settings,
            ObjectNode identity,
            ModelConfig config,
            Tokenizer tokenizer,
            PromptSet prompts,
            Journal journal) {
        this.settings = settings;
        this.identity = identity;
        this.config = config;
        this.tokenizer = tokenizer;
        this.prompts = prompts;
        this.journal = journal;
    }

    /**
     * Reads prompts and what was done of them.
     *
     * @throws BadInput for whatever the user can fix
     */
    public static GenerateRun prepare(RunSettings settings) {
        Path output = settings.output();
        Path partial = sibling(output, ".partial");
        if (Files.isDirectory(output)) {
            throw new BadInput(output + ": is a folder", "give a file as {output}");
        }
        if (!settings.resume() && !settings.force()) {
            if (Files.exists(output)) {
                throw new BadInput(
                        output + ": exists already", "overwrite it with {force}, or choose another {output}");
            }
            if (Files.exists(partial)) {
                throw new BadInput(
                        partial + ": is the beginning of such a run",
                        "continue with {resume}, start over with {force}, or choose another {output}");
            }
        }
        ModelConfig config = ModelFolder.at(settings.model()).config().packed(settings.weights());
        Tokenizer tokenizer = Tokenizer.load(settings.model());
        PromptSet prompts = read(settings, config, tokenizer);
        for (String adapter : settings.adapters()) {
            if (!RunSettings.isBase(adapter)) {
                PeftFiles.check(Path.of(adapter));
            }
        }
        requireCountable(prompts.prompts().size(), settings.adapters().size());
        ObjectNode identity = settings.identity();
        if (settings.resume() && Files.exists(output)) {
            requireDone(output, identity);
            delete(partial);
            return new GenerateRun(settings, identity, config, tokenizer, prompts, null);
        }
        if (settings.force()) {
            delete(partial);
        }
        Journal journal = Journal.open(partial, identity, "start over with {force}");
        return new GenerateRun(settings, identity, config, tokenizer, prompts, journal);
    }

    /**
     * Reads the same for a process that helps with a run, and writes nothing.
     *
     * @throws BadInput for whatever the user can fix
     */
    public static GenerateRun helping(RunSettings settings) {
        ModelConfig config = ModelFolder.at(settings.model()).config().packed(settings.weights());
        Tokenizer tokenizer = Tokenizer.load(settings.model());
        return new GenerateRun(
                settings, settings.identity(), config, tokenizer, read(settings, config, tokenizer), null);
    }

    private static PromptSet read(RunSettings settings, ModelConfig config, Tokenizer tokenizer) {
        return PromptSet.read(
                settings.prompts(),
                settings.model(),
                config,
                tokenizer,
                settings.specialText(),
                settings.date(),
                settings.template());
    }

    private static Path sibling(Path output, String ending) {
        return output.resolveSibling(output.getFileName() + ending);
    }

    private static void requireDone(Path output, ObjectNode identity) {
        Path record = sibling(output, ".run.json");
        try {
            JsonNode then = JSON.readTree(Files.readAllBytes(record));
            Journal.difference(then.path("settings"), identity).ifPresent(difference -> {
                throw new BadInput(
                        output + ": was begun with other settings: " + difference,
                        "give the old ones, or start over with {force}");
            });
        } catch (IOException e) {
            throw new BadInput(
                    output + ": exists, and " + record.getFileName()
                            + ", which would say what it was made of, does not",
                    "overwrite it with {force}",
                    e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be deleted (" + e.getMessage() + "); delete it yourself", e);
        }
    }

    /** Every prompt times every adapter is a row, and rows are counted by ints. */
    static void requireCountable(int prompts, int adapters) {
        if ((long) prompts * adapters > MOST_ROWS) {
            throw new BadInput(prompts + " prompts times " + adapters + " adapters are more rows than the " + MOST_ROWS
                    + " of a run; divide the prompts among several files");
        }
    }

    /** Rows of the output. */
    public int rows() {
        return prompts.prompts().size() * settings.adapters().size();
    }

    /** How many of them are done. */
    public int rowsDone() {
        return journal == null ? rows() : journal.size();
    }

    /** Tokens of the longest sequence that may come. */
    private int longest() {
        return (int) Math.min(config.maxPositionEmbeddings(), prompts.longest() + (long) settings.maxNewTokens());
    }

    /**
     * Computes what is not done yet, and writes the output.
     *
     * @param facts what the record of the run shall say beside its settings: versions, device
     * @param stop  asked before every step
     * @return whether all is done; if not, a run with {@code resume} goes on
     */
    public boolean run(
            Backend backend,
            Generator.Settings size,
            Map<String, String> facts,
            Progress progress,
            BooleanSupplier stop) {
        return run(Communicator.ALONE, backend, size, facts, progress, stop);
    }

    /** The same as the first of several processes, of which the others {@link #help}: the same bytes, whoever does a row. */
    public boolean run(
            Communicator comm,
            Backend backend,
            Generator.Settings size,
            Map<String, String> facts,
            Progress progress,
            BooleanSupplier stop) {
        SharedWork.agree(comm, backend.arithmetic() + "; " + identity);
        boolean done = journal == null || journal.size() == rows() || compute(comm, backend, size, progress, stop);
        SharedWork.end(comm);
        if (journal == null || !done) {
            return done;
        }
        ObjectNode record = JSON.createObjectNode();
        record.set("settings", identity);
        record.put("model", settings.model().toString());
        record.put("prompts", settings.prompts().toString());
        record.put("rows", rows());
        facts.forEach(record::put);
        AtomicFile.write(
                sibling(settings.output(), ".run.json"),
                RunSettings.pretty(record).getBytes(StandardCharsets.UTF_8));
        writeInOrder();
        journal.close();
        delete(sibling(settings.output(), ".partial"));
        return true;
    }

    /** A row in the journal. */
    private static String key(int prompt, int adapter) {
        return prompt + "/" + adapter;
    }

    /** Writes all rows, in the order of prompts and adapters, each on a line; all of them must be done. */
    private void writeInOrder() {
        try (AtomicFile to = AtomicFile.create(settings.output())) {
            for (int prompt = 0; prompt < prompts.prompts().size(); prompt++) {
                for (int adapter = 0; adapter < settings.adapters().size(); adapter++) {
                    byte[] row = journal.bytes(key(prompt, adapter));
                    to.write(ByteBuffer.allocate(row.length + 1)
                            .put(row)
                            .put((byte) '\n')
                            .flip());
                }
            }
            to.commit();
        }
    }

    /**
     * Does its share of the rows as one of several processes that is not the first.
     *
     * @param stop asked before every step
     * @throws BadInput where the first does another run
     */
    public void help(Communicator comm, Backend backend, Generator.Settings size, BooleanSupplier stop) {
        SharedWork.agree(comm, backend.arithmetic() + "; " + identity);
        try (Opened opened = new Opened(backend, size)) {
            SharedWork.follow(comm, (rows, done) -> opened.complete(rows, done, stop), stop);
        }
    }

    private boolean compute(
            Communicator comm, Backend backend, Generator.Settings size, Progress progress, BooleanSupplier stop) {
        List<byte[]> missing = IntStream.range(0, rows())
                .filter(row -> !journal.has(key(prompt(row), adapter(row))))
                .mapToObj(row -> ByteBuffer.allocate(Integer.BYTES).putInt(row).array())
                .toList();
        AtomicBoolean whole = new AtomicBoolean(true);
        try (Opened opened = new Opened(backend, size)) {
            SharedWork.Done keep = (piece, result) -> {
                int row = ByteBuffer.wrap(missing.get(piece)).getInt();
                Completion completion = CompletionBytes.read(result);
                journal.put(key(prompt(row), adapter(row)), row(prompt(row), adapter(row), completion));
                progress.row(journal.size(), completion.tokens().length);
            };
            SharedWork.lead(
                    comm,
                    missing,
                    SharedWork.ROUND * size.sequences(),
                    (rows, done) -> whole.compareAndSet(true, opened.complete(rows, done, stop)),
                    keep,
                    stop);
        }
        return whole.get() && journal.size() == rows();
    }

    private int prompt(int row) {
        return row % prompts.prompts().size();
    }

    private int adapter(int row) {
        return row / prompts.prompts().size();
    }

    /** The model with its adapters. */
    private final class Opened implements AutoCloseable {
        private final Weights weights;
        private final CausalLm model;
        private final Generator generator;

        Opened(Backend backend, Generator.Settings size) {
            weights = Steering.load(settings.model(), settings.weights(), settings.steering());
            model = new CausalLm(backend, weights, Recompute.NONE, longest());
            generator = new Generator(model, bank(backend, weights), tokenizer, size);
        }

        /** Rows, each by its number; whether all are done. */
        boolean complete(List<byte[]> rows, SharedWork.Done done, BooleanSupplier stop) {
            Map<Request, Integer> open = new IdentityHashMap<>();
            Iterator<Request> requests = IntStream.range(0, rows.size())
                    .mapToObj(place -> {
                        int row = ByteBuffer.wrap(rows.get(place)).getInt();
                        Request request = request(prompt(row), adapter(row));
                        open.put(request, place);
                        return request;
                    })
                    .iterator();
            return generator.run(
                    requests,
                    (request, completion) -> done.done(open.remove(request), CompletionBytes.of(completion)),
                    stop);
        }

        @Override
        public void close() {
            generator.close();
            model.close();
            weights.close();
        }
    }

    private AdapterBank bank(Backend backend, Weights weights) {
        AdapterBank bank = new AdapterBank(config, settings.adapters().size());
        Memory memory = Memory.of(backend);
        for (int slot = 0; slot < settings.adapters().size(); slot++) {
            String adapter = settings.adapters().get(slot);
            if (!RunSettings.isBase(adapter)) {
                bank.set(slot, PeftFiles.frozen(Path.of(adapter), weights, memory));
            }
        }
        return bank;
    }

    private Request request(int prompt, int adapter) {
        Encoded encoded = prompts.prompts().get(prompt);
        return new Request(
                encoded.ids(),
                RunSettings.isBase(settings.adapters().get(adapter)) ? Batch.BASE : adapter,
                settings.sampling(),
                encoded.key(),
                settings.maxNewTokens(),
                tokenizer.special().endIds(),
                settings.stops(),
                settings.logProbs());
    }

    /** The prompt's row with what came of it; columns of a name that is ours are kept under {@code original}. */
    private ObjectNode row(int prompt, int adapter, Completion completion) {
        ObjectNode columns = prompts.prompts().get(prompt).prompt().columns();
        String name = RunSettings.shown(settings.adapters().get(adapter));
        ObjectNode row = columns.deepCopy();
        ObjectNode original = JSON.createObjectNode();
        for (String key : List.of("adapter", "completion", "token_ids", "finish_reason", "logprobs")) {
            JsonNode before = row.remove(key);
            if (before != null) {
                original.set(key, before);
            }
        }
        if (!original.isEmpty()) {
            row.set("original", original);
        }
        row.put("adapter", RunSettings.isBase(name) ? null : name);
        row.put("completion", completion.text());
        ArrayNode ids = row.putArray("token_ids");
        for (int token : completion.tokens()) {
            ids.add(token);
        }
        row.put("finish_reason", completion.reason().toString());
        if (completion.logProbs() != null) {
            ArrayNode logProbs = row.putArray("logprobs");
            for (float value : completion.logProbs()) {
                logProbs.add(value);
            }
        }
        return row;
    }

    /** What is done stays, for a run with {@code resume}; of a run that never got so far nothing does. */
    @Override
    public void close() {
        if (journal != null) {
            if (journal.size() == 0) {
                delete(sibling(settings.output(), ".partial"));
            }
            journal.close();
        }
    }
}
