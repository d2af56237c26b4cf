package candor.api;

import candor.BadInput;
import candor.data.ChatRowEncoder;
import candor.data.EncodedRow;
import candor.data.Example;
import candor.data.ExampleReader;
import candor.data.LossOn;
import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.generate.Sampling;
import candor.lora.AdapterBank;
import candor.lora.AdapterFolder;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.AskedDtype;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.ops.ProcessMemory;
import candor.probe.ReplyReader;
import candor.text.ChatEncoder;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * A model with any number of adapters over the same weights. Questions to all of them go through the model in the same passes,
 * and what comes of one depends on it alone: not on the others, nor on how many there are.
 *
 * <pre>{@code
 * try (ChatModel model = ChatModel.of(Path.of("models/qwen3"))
 *         .adapter(Path.of("runs/honest"))
 *         .adapter(Path.of("runs/other"))
 *         .open()) {
 *     Question question = Question.of("Is the earth flat?");
 *     model.reply(List.of(question, question.to("honest"), question.to("other")), 64)
 *             .forEach(reply -> System.out.println(reply.text()));
 * }
 * }</pre>
 *
 * <p>For one thread at a time.
 */
public final class ChatModel implements AutoCloseable {
    /** Names the model without an adapter. */
    public static final String BASE = "base";

    /** Tokens of a pass, unless more sequences than that go on together. */
    private static final int STEP_TOKENS = 512;

    private static final int TOGETHER = 64;

    /**
     * How to open a model. It changes with each call, and gives itself.
     */
    public static final class Opening {
        private final Path folder;
        private final List<Path> adapters = new ArrayList<>();
        private final List<String> names = new ArrayList<>(List.of(BASE));
        private String backend = "auto";
        private AskedDtype dtype = AskedDtype.AUTO;
        private int threads;
        private int positions = 4096;
        private TemplateChoice template = TemplateChoice.DEFAULT;
        private LocalDate date = LocalDate.now();

        private Opening(Path folder) {
            this.folder = folder;
        }

        /**
         * One more adapter, called after its run or its folder.
         *
         * @param folder of an adapter in PEFT's layout, or of the run that made it
         * @return this
         * @throws BadInput where another one has that name
         */
        public Opening adapter(Path folder) {
            return adapter(AdapterFolder.name(folder), folder);
        }

        /**
         * One more adapter, by a name of its own.
         *
         * @param name   what questions call it
         * @param folder of an adapter in PEFT's layout, or of the run that made it
         * @return this
         * @throws BadInput where another one has that name
         */
        public Opening adapter(String name, Path folder) {
            if (names.contains(name)) {
                throw new BadInput(
                        folder + ": another adapter is called " + name + " already; give it a name of its own");
            }
            names.add(name);
            adapters.add(AdapterFolder.find(folder));
            return this;
        }

        /**
         * Where to compute.
         *
         * @param name cpu, cuda, cuda-emulated, or auto: a GPU that works, else the CPU
         * @return this
         */
        public Opening backend(String name) {
            backend = name;
            return this;
        }

        /**
         * What operands of products are rounded to; the backend's own type, if nobody says.
         *
         * @param type float32 or bfloat16
         * @return this
         */
        public Opening dtype(AskedDtype type) {
            dtype = type;
            return this;
        }

        /**
         * How many threads compute; they change no result.
         *
         * @param count threads, or 0 for one of each processor
         * @return this
         */
        public Opening threads(int count) {
            threads = count;
            return this;
        }

        /**
         * The longest prompt and reply together; 4096 if nobody says, and never more than the model's own limit.
         *
         * @param tokens at least 1
         * @return this
         */
        public Opening positions(int tokens) {
            positions = tokens;
            return this;
        }

        /**
         * Another chat template than the model's own.
         *
         * @param choice which
         * @return this
         */
        public Opening template(TemplateChoice choice) {
            template = choice;
            return this;
        }

        /**
         * What templates print as today; today, if nobody says.
         *
         * @param day the date
         * @return this
         */
        public Opening date(LocalDate day) {
            date = day;
            return this;
        }

        /**
         * Reads the model and its adapters.
         *
         * @return the model, to be closed
         * @throws BadInput for files that are missing, broken, not supported, or made for another model
         */
        public ChatModel open() {
            return new ChatModel(this);
        }
    }

    private final List<String> names;
    private final ChatEncoder encoder;
    private final Backend backend;
    private final Weights weights;
    private final CausalLm model;
    /** Null where there are no adapters. */
    private final AdapterBank bank;

    private ChatModel(Opening opening) {
        names = List.copyOf(opening.names);
        encoder = new ChatEncoder(
                Tokenizer.load(opening.folder),
                opening.template.load(opening.folder, opening.date.atStartOfDay()),
                SpecialTextPolicy.REFUSE);
        weights = Weights.load(opening.folder);
        Backend opened = null;
        CausalLm lm = null;
        try {
            opened = Backends.open(
                    Backends.asked(opening.backend, opening.dtype)
                            .orElseGet(() -> Backends.choose(weights.config().heads(), false, opening.dtype)
                                    .backend()),
                    opening.threads);
            lm = new CausalLm(
                    opened,
                    weights,
                    Recompute.FULL,
                    Math.min(opening.positions, weights.config().maxPositionEmbeddings()));
            bank = opening.adapters.isEmpty() ? null : bank(opening.adapters, weights, opened);
        } catch (RuntimeException e) {
            close(lm, weights, opened);
            throw e;
        }
        backend = opened;
        model = lm;
    }

    private static AdapterBank bank(List<Path> adapters, Weights weights, Backend backend) {
        AdapterBank bank = new AdapterBank(weights.config(), adapters.size());
        for (int slot = 0; slot < adapters.size(); slot++) {
            bank.set(slot, PeftFiles.frozen(adapters.get(slot), weights, Memory.of(backend)));
        }
        return bank;
    }

    /**
     * A model to be opened.
     *
     * @param folder of a model in Hugging Face's layout
     * @return how to open it: without adapters, where it runs best
     */
    public static Opening of(Path folder) {
        return new Opening(folder);
    }

    /**
     * Who can be asked.
     *
     * @return {@link #BASE}, and the names of the adapters in the order they were given
     */
    public List<String> names() {
        return names;
    }

    /**
     * Replies to questions with the likeliest tokens, all of them in one batch.
     *
     * @param questions    to the base model and adapters, in any order
     * @param maxNewTokens tokens that a reply has at most
     * @return the replies, in the order of the questions
     * @throws BadInput where a name is nobody's, or a conversation does not fit the template or the positions
     */
    public List<Completion> reply(List<Question> questions, int maxNewTokens) {
        return reply(questions, maxNewTokens, Sampling.GREEDY);
    }

    /**
     * Replies to questions, all of them in one batch.
     *
     * @param questions    to the base model and adapters, in any order
     * @param maxNewTokens tokens that a reply has at most
     * @param sampling     how tokens are chosen; question i draws the i-th random numbers of its seed
     * @return the replies, in the order of the questions
     * @throws BadInput where a name is nobody's, or a conversation does not fit the template or the positions
     */
    public List<Completion> reply(List<Question> questions, int maxNewTokens, Sampling sampling) {
        List<Request> requests = new ArrayList<>();
        for (Question question : questions) {
            int slot = slot(question.adapter());
            int[] prompt = encoder.encodePrompt(question.conversation());
            requireFits("question " + (requests.size() + 1), prompt, 1);
            requests.add(new Request(
                    prompt,
                    slot,
                    sampling,
                    requests.size(),
                    Math.min(maxNewTokens, model.positions() - prompt.length),
                    encoder.tokenizer().special().endIds(),
                    List.of(),
                    false));
        }
        long cache = backend.freeBytes().orElseGet(ProcessMemory::available) / 4;
        try (Generator generator =
                new Generator(model, bank, encoder.tokenizer(), new Generator.Settings(TOGETHER, STEP_TOKENS, cache))) {
            return generator.generate(requests);
        }
    }

    /**
     * Scores the replies of a file's rows.
     *
     * @param adapter whose probabilities: a name of {@link #names}
     * @param files   rows in any layout that training takes
     * @return the log-probabilities of their replies, row by row
     * @throws BadInput where a name is nobody's, or a row cannot be read or does not fit
     */
    public Score score(String adapter, Path... files) {
        return score(adapter, ExampleReader.readAll(List.of(files), ExampleReader.Settings.plain()));
    }

    /**
     * Scores the replies of rows.
     *
     * @param adapter whose probabilities: a name of {@link #names}
     * @param rows    each with a reply
     * @return the log-probabilities of their replies, row by row
     * @throws BadInput where a name is nobody's, or a row cannot be encoded or does not fit
     */
    public Score score(String adapter, List<Example> rows) {
        int slot = slot(adapter);
        ChatRowEncoder encode = new ChatRowEncoder(encoder, LossOn.COMPLETION);
        List<EncodedRow> encoded = new ArrayList<>();
        for (Example row : rows) {
            try {
                EncodedRow one = encode.encode(row);
                requireFits("the row", one.ids(), 0);
                encoded.add(one);
            } catch (BadInput e) {
                throw e.at(String.valueOf(row.origin()));
            }
        }
        double[] logProbs = new double[encoded.size()];
        new ReplyReader(model, bank, slot, STEP_TOKENS)
                .replies(encoded, _ -> false, (row, reply) -> logProbs[row] = reply.logp());
        return new Score(
                logProbs, encoded.stream().mapToInt(EncodedRow::targets).toArray());
    }

    private int slot(String adapter) {
        int place = names.indexOf(adapter);
        if (place < 0) {
            throw new BadInput(adapter + ": there is no such adapter here; take one of " + String.join(", ", names));
        }
        return place == 0 ? Batch.BASE : place - 1;
    }

    /** @param more tokens that must fit behind these */
    private void requireFits(String what, int[] ids, int more) {
        if (ids.length + more > model.positions()) {
            throw new BadInput(what + " takes " + (ids.length + more) + " tokens, and there are " + model.positions()
                    + " positions; open the model with more, if its own limit allows");
        }
        int vocabulary = weights.config().vocabSize();
        for (int id : ids) {
            if (id < 0 || id >= vocabulary) {
                throw new BadInput(what + " has token " + id + ", and the model's vocabulary has " + vocabulary
                        + "; do the tokenizer and the weights belong together?");
            }
        }
    }

    @Override
    public void close() {
        close(model, weights, backend);
    }

    /** What of a model is open; null for what is not. */
    private static void close(CausalLm model, Weights weights, Backend backend) {
        if (model != null) {
            model.close();
        }
        weights.close();
        if (backend != null) {
            backend.close();
        }
    }
}
