package candor.evaluate.engine;

import candor.BadInput;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Sampling;
import candor.evaluate.ask.Subject;
import candor.generate.Completion;
import candor.generate.Continuation;
import candor.generate.Generator;
import candor.io.Sha256;
import candor.lora.AdapterBank;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.ops.weight.PackedForm;
import candor.probe.Steering;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.Conversation;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/** A checkpoint with its adapters, all of them in one batched generation. */
public final class EngineRespondent implements Respondent {
    /** An adapter and the name that results have it by. */
    public record NamedAdapter(String name, Path folder) {}

    /**
     * How to open a model.
     *
     * @param weights what linear layers are packed as, or null for whatever they are in
     * @param steering how the model is steered, with and without an adapter; or null
     * @param base whether the base model is among the subjects, as the first
     * @param date what templates print that show the date: fixed, so that the same prompt gives the same tokens
     * @param template which chat template renders prompts
     * @param decoding how tokens are chosen beyond what a benchmark says
     * @param positions the longest prompt and reply together, at most the model's own limit
     * @param sequences how many are generated at once
     * @param cacheBytes memory for keys and values
     * @param defuse whether texts of special tokens are made plain, instead of refused
     */
    public record Settings(
            Path model,
            PackedForm weights,
            Steering steering,
            List<NamedAdapter> adapters,
            boolean base,
            BackendDescriptor backend,
            int threads,
            LocalDateTime date,
            TemplateChoice template,
            Decoding decoding,
            int positions,
            int sequences,
            long cacheBytes,
            boolean defuse) {
        /** The same, steered. */
        public Settings steered(Steering by) {
            return new Settings(
                    model,
                    weights,
                    by,
                    adapters,
                    base,
                    backend,
                    threads,
                    date,
                    template,
                    decoding,
                    positions,
                    sequences,
                    cacheBytes,
                    defuse);
        }

        /** The same with so many threads. */
        public Settings on(int threads) {
            return new Settings(
                    model,
                    weights,
                    steering,
                    adapters,
                    base,
                    backend,
                    threads,
                    date,
                    template,
                    decoding,
                    positions,
                    sequences,
                    cacheBytes,
                    defuse);
        }
    }

    private static final int STEP_TOKENS = 512;
    private static final int SCORED_AT_ONCE = 64;

    private final Backend backend;
    private final Weights weights;
    private final CausalLm model;
    private final Generator generator;
    private final ChatTemplate template;
    private final ChatEncoder encoder;
    private final List<Subject> subjects = new ArrayList<>();
    private final int firstSlot;
    private final boolean defuse;
    private final Decoding decoding;

    private EngineRespondent(Settings settings) {
        Tokenizer tokenizer = Tokenizer.load(settings.model());
        template = settings.template().load(settings.model(), settings.date());
        defuse = settings.defuse();
        decoding = settings.decoding();
        encoder = new ChatEncoder(tokenizer, template, defuse ? SpecialTextPolicy.KEEP : SpecialTextPolicy.REFUSE);
        backend = Backends.open(settings.backend(), settings.threads());
        weights = Steering.load(settings.model(), settings.weights(), settings.steering());
        int positions = Math.min(settings.positions(), weights.config().maxPositionEmbeddings());
        model = new CausalLm(backend, weights, Recompute.FULL, positions);
        AdapterBank bank = new AdapterBank(weights.config(), settings.adapters().size());
        String base = ModelHash.of(settings.model());
        String conditions =
                (settings.weights() == null ? "" : settings.weights().text() + " ")
                        + backend.descriptor().identity() + " "
                        + positions
                        + " "
                        + (template.usesDate() ? settings.date().toLocalDate() : "no date") + " " + defuse
                        + settings.template().fingerprint() + (decoding.equals(Decoding.PLAIN) ? "" : decoding.json())
                        + (settings.steering() == null
                                ? ""
                                : " steered " + settings.steering().identity());
        if (settings.base()) {
            subjects.add(new Subject("base", Sha256.hex(base + " " + conditions)));
        }
        firstSlot = settings.base() ? 1 : 0;
        for (int slot = 0; slot < settings.adapters().size(); slot++) {
            NamedAdapter adapter = settings.adapters().get(slot);
            bank.set(slot, PeftFiles.frozen(adapter.folder(), weights, Memory.of(backend)));
            subjects.add(new Subject(
                    adapter.name(), Sha256.hex(base + " " + ModelHash.of(adapter.folder()) + " " + conditions)));
        }
        generator = new Generator(model, settings.adapters().isEmpty() ? null : bank, tokenizer, generation(settings));
    }

    /** How much is generated at once. */
    public static Generator.Settings generation(Settings settings) {
        return new Generator.Settings(
                settings.sequences(), Math.max(STEP_TOKENS, settings.sequences()), settings.cacheBytes());
    }

    /** Reads weights, tokenizer, template and adapters. */
    public static EngineRespondent open(Settings settings) {
        if (!settings.base() && settings.adapters().isEmpty()) {
            throw new BadInput("without the base model nothing is left to evaluate", "name an {adapter}");
        }
        return new EngineRespondent(settings);
    }

    @Override
    public String arithmetic() {
        return backend.arithmetic();
    }

    @Override
    public List<Subject> subjects() {
        return List.copyOf(subjects);
    }

    @Override
    public void answer(List<Request> requests, Sink sink, BooleanSupplier stop) {
        List<Integer> generate = new ArrayList<>();
        List<Integer> score = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            (requests.get(i).ask() instanceof Ask.Generate ? generate : score).add(i);
        }
        generate(requests, generate, sink, stop);
        score(requests, score, sink, stop);
    }

    private void generate(List<Request> requests, List<Integer> indices, Sink sink, BooleanSupplier stop) {
        Map<candor.generate.Request, Integer> underWay = new IdentityHashMap<>();
        Iterator<Integer> left = indices.iterator();
        Iterator<candor.generate.Request> stream = new Iterator<>() {
            private candor.generate.Request ahead;

            @Override
            public boolean hasNext() {
                while (ahead == null && left.hasNext()) {
                    int i = left.next();
                    try {
                        ahead = request(requests.get(i));
                        underWay.put(ahead, i);
                    } catch (BadInput unfit) {
                        sink.answered(i, new Answer.Unfit(unfit));
                    }
                }
                return ahead != null;
            }

            @Override
            public candor.generate.Request next() {
                candor.generate.Request next = ahead;
                ahead = null;
                return next;
            }
        };
        generator.run(
                stream, (request, completion) -> sink.answered(underWay.remove(request), reply(completion)), stop);
    }

    private candor.generate.Request request(Request request) {
        int[] prompt = tokens(request.ask().prompt());
        requireFits(prompt.length + 1);
        Sampling sampling = ((Ask.Generate) request.ask()).sampling();
        return new candor.generate.Request(
                prompt,
                slot(request),
                new candor.generate.Sampling(
                        sampling.temperature(),
                        decoding.topK(),
                        Math.min(sampling.topP(), decoding.topP()),
                        decoding.repetitionPenalty(),
                        sampling.seed()),
                0,
                sampling.maxNewTokens(),
                List.copyOf(encoder.tokenizer().special().endIds()),
                List.of(),
                false);
    }

    private static Answer reply(Completion completion) {
        return new Answer.Reply(completion.text(), completion.reason().toString(), completion.tokens().length);
    }

    private void score(List<Request> requests, List<Integer> indices, Sink sink, BooleanSupplier stop) {
        for (int from = 0; from < indices.size() && !stop.getAsBoolean(); from += SCORED_AT_ONCE) {
            List<Continuation> continuations = new ArrayList<>();
            List<Integer> scored = new ArrayList<>();
            for (int i : indices.subList(from, Math.min(from + SCORED_AT_ONCE, indices.size()))) {
                try {
                    continuations.addAll(continuations(requests.get(i)));
                    scored.add(i);
                } catch (BadInput unfit) {
                    sink.answered(i, new Answer.Unfit(unfit));
                }
            }
            Iterator<float[]> values = generator.score(continuations).iterator();
            for (int i : scored) {
                Ask.Score score = (Ask.Score) requests.get(i).ask();
                List<Double> sums = new ArrayList<>();
                for (int c = 0; c < score.continuations().size(); c++) {
                    sums.add(sum(values, endings(score)));
                }
                sink.answered(i, new Answer.LogProbs(sums));
            }
        }
    }

    /** The logarithm of the sum of the probabilities of so many continuations that stand for one. */
    private static double sum(Iterator<float[]> values, int of) {
        double[] logs = new double[of];
        for (int e = 0; e < of; e++) {
            for (float value : values.next()) {
                logs[e] += value;
            }
        }
        double most = Arrays.stream(logs).max().orElseThrow();
        return of == 1 || most == Double.NEGATIVE_INFINITY
                ? most
                : most
                        + Math.log(Arrays.stream(logs)
                                .map(log -> Math.exp(log - most))
                                .sum());
    }

    /** How many ways there are to end a continuation: one for each token that ends a reply. */
    private int endings(Ask.Score score) {
        return score.whole()
                ? Math.max(1, encoder.tokenizer().special().endIds().size())
                : 1;
    }

    private List<Continuation> continuations(Request request) {
        Ask.Score score = (Ask.Score) request.ask();
        int[] prompt = tokens(score.prompt());
        List<Integer> ends = score.whole() ? encoder.tokenizer().special().endIds() : List.of();
        List<Continuation> continuations = new ArrayList<>();
        for (String text : score.continuations()) {
            int[] behind = behind(score.prompt(), prompt, text);
            requireFits(prompt.length + behind.length + (score.whole() ? 1 : 0));
            if (ends.isEmpty()) {
                continuations.add(new Continuation(prompt, behind, slot(request)));
            }
            for (int end : ends) {
                int[] ended = Arrays.copyOf(behind, behind.length + 1);
                ended[behind.length] = end;
                continuations.add(new Continuation(prompt, ended, slot(request)));
            }
        }
        return continuations;
    }

    /** The tokens that a text adds to a prompt: behind plain text they are told from both together, as a blank may join. */
    private int[] behind(Prompt prompt, int[] promptTokens, String text) {
        Tokenizer tokenizer = encoder.tokenizer();
        if (prompt instanceof Prompt.Text(String before)) {
            int[] whole = tokenizer.encode(before + text, true);
            int shared = Arrays.mismatch(promptTokens, whole);
            if (shared == promptTokens.length && whole.length > shared) {
                return Arrays.copyOfRange(whole, shared, whole.length);
            }
        }
        return tokenizer.encode(text, false);
    }

    private int[] tokens(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Chat(Conversation conversation) ->
                encoder.encodePrompt(defuse ? Defused.of(encoder.tokenizer(), conversation) : conversation);
            case Prompt.Text(String text) -> encoder.tokenizer().encode(text, true);
        };
    }

    private int slot(Request request) {
        return request.subject() < firstSlot ? Batch.BASE : request.subject() - firstSlot;
    }

    private void requireFits(int tokens) {
        if (tokens > model.positions()) {
            throw new BadInput(
                    tokens + " tokens do not fit into the " + model.positions() + " positions",
                    "raise {max_length}, if the model's own limit allows, or leave the row out");
        }
    }

    @Override
    public OptionalLong deviceBytes() {
        return backend.ownBytes();
    }

    @Override
    public void close() {
        generator.close();
        model.close();
        weights.close();
        backend.close();
    }
}
