package candor.generate;

import candor.BadInput;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.ops.Batch;
import candor.ops.KvPages;
import candor.ops.TokenDraw;
import candor.ops.op.SampleTokens;
import candor.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Goes on from prompts, or scores what goes on from them, many at once. For one caller at a time.
 *
 * <p>What comes of a request depends on the request alone, to the bit: not on the others, their order, or the settings here.
 */
public final class Generator implements AutoCloseable {
    /**
     * How much is done at once.
     *
     * @param sequences  how many sequences at most
     * @param stepTokens how many tokens a pass sees at most; no fewer than {@code sequences}
     * @param cacheBytes memory for keys and values
     */
    public record Settings(int sequences, int stepTokens, long cacheBytes) {
        public Settings {
            if (sequences < 1 || stepTokens < sequences || cacheBytes < 1) {
                throw new IllegalArgumentException(
                        sequences + " sequences, " + stepTokens + " tokens a step, " + cacheBytes + " bytes");
            }
        }
    }

    /** Who hears what comes. */
    public interface Listener {
        /** The next piece of a request's text, where {@link #streams}. */
        default void text(Request request, String piece) {}

        /** The next token of a reply, before its text; with its scores, where the request wants them. */
        default void token(Request request, TokenScore token) {}

        /** A token of the prompt, from the second on, where the request wants the {@linkplain Scores#prompt scores} of these. */
        default void promptToken(Request request, TokenScore token) {}

        /** A request has no answer. Unless somebody hears it here, none of those under way has. */
        default void failed(Request request, BadInput why) {
            throw why;
        }

        /** A request is done. They are done in any order. */
        void done(Request request, Completion completion);

        /** Whether {@link #text} is wanted; it needs a tokenizer. */
        default boolean streams() {
            return false;
        }
    }

    private static final int[] NONE = {};
    private static final int NO_ROW = -1;

    /** Logits of prompts that are there at once, at most: 64 MiB of them. */
    private static final int PROMPT_LOGITS = 1 << 24;

    private final CausalLm model;
    private final AdapterBank bank;
    private final Tokenizer tokenizer;
    private final Settings settings;
    private final int vocabulary;
    private final KvCache cache;
    private final Scheduler scheduler;
    private long bankRevision;
    /** Who hears of tokens; null where nobody does. */
    private Listener listener;
    /** Whether pieces of text are told as they come. */
    private boolean streams;

    /** Of each row of the pass in hand, the token that follows, and its logit. */
    private float[] chosen = new float[0];

    private float[] scores = new float[0];
    private final List<TokenDraw> draws = new ArrayList<>();
    /** Of the row that was last looked at. */
    private final float[] logits;

    private int looked;

    /**
     * Rows of logits that a pass asks for at most: an int counts them. More sequences than that are done over several
     * passes, and say the same.
     */
    static int mostRows(int vocabulary) {
        return Math.max(1, (Integer.MAX_VALUE - 8) / vocabulary);
    }

    /** Sequences that go on together. */
    static int together(Settings settings, int vocabulary) {
        return Math.min(settings.sequences(), mostRows(vocabulary));
    }

    /** Rows of prompts whose logits a pass looks at, beside those of new tokens: so many that they take little memory. */
    private static int promptRows(int vocabulary) {
        return Math.max(1, PROMPT_LOGITS / vocabulary);
    }

    /**
     * @param bank      the adapters that slots mean, or null for the base model alone
     * @param tokenizer null where nobody wants text
     */
    public Generator(CausalLm model, AdapterBank bank, Tokenizer tokenizer, Settings settings) {
        this.model = model;
        this.bank = bank;
        this.tokenizer = tokenizer;
        this.settings = settings;
        vocabulary = model.config().vocabSize();
        cache = new KvCache(model.backend(), model.config(), settings.cacheBytes());
        scheduler = new Scheduler(cache, together(settings, vocabulary), settings.stepTokens(), promptRows(vocabulary));
        logits = new float[vocabulary];
    }

    /** Goes on from each prompt; the results in the order of the requests. */
    public List<Completion> generate(List<Request> requests) {
        Completion[] completions = new Completion[requests.size()];
        int[] next = {0};
        Supplier<Sequence> source = () -> {
            if (next[0] == requests.size()) {
                return null;
            }
            Sequence sequence = sequence(requests.get(next[0]));
            sequence.index = next[0]++;
            return sequence;
        };
        run(source, sequence -> completions[sequence.index] = completion(sequence), () -> false);
        return List.of(completions);
    }

    /**
     * Goes on from each prompt of a stream, whose next is asked for when there is a place for it.
     *
     * @param stop asked before every step; when true, what is not done yet is dropped
     * @return whether all are done
     */
    public boolean run(Iterator<Request> requests, Listener listener, BooleanSupplier stop) {
        return heardBy(
                listener,
                () -> run(
                        () -> requests.hasNext() ? sequence(requests.next()) : null,
                        sequence -> listener.done(sequence.request, completion(sequence)),
                        stop));
    }

    /**
     * Goes on from prompts that come while others are under way, until none will come any more.
     *
     * <p>A request must {@linkplain #fits fit}. One whose logits are no finite numbers {@linkplain Listener#failed fails} alone.
     */
    public void serve(Arrivals arrivals, Listener listener) {
        heardBy(
                listener,
                () -> soundly(() -> {
                    arrive(arrivals);
                    return true;
                }));
    }

    /** Whether a sequence of so many tokens, prompt and reply together, has room in the cache where it is alone. */
    public boolean fits(int tokens) {
        return cache.couldFit(KvPages.count(tokens));
    }

    private boolean heardBy(Listener who, BooleanSupplier work) {
        listener = who;
        streams = who.streams();
        try {
            return work.getAsBoolean();
        } finally {
            listener = null;
            streams = false;
        }
    }

    private void arrive(Arrivals arrivals) {
        Sequence waiting = null;
        while (true) {
            drop(arrivals);
            if (waiting != null && arrivals.dropped(waiting.request)) {
                arrivals.left(waiting.request);
                waiting = null;
            }
            while (scheduler.hasPlace()) {
                if (waiting == null) {
                    boolean idle = scheduler.active().isEmpty();
                    Request next = arrivals.next(idle);
                    if (next == null && idle) {
                        return;
                    }
                    waiting = next == null ? null : sequence(next);
                }
                forgetOldAdapters();
                if (waiting == null || !scheduler.admit(waiting)) {
                    break;
                }
                waiting = null;
            }
            if (scheduler.active().isEmpty()) {
                throw new IllegalArgumentException("a sequence of up to " + waiting.limit + " tokens does not fit");
            }
            step(scheduler.next(), sequence -> listener.done(sequence.request, completion(sequence)));
        }
    }

    /** Lets go whom nobody wants any more; who computes a beginning that others wait for does that first. */
    private void drop(Arrivals arrivals) {
        for (Sequence sequence : List.copyOf(scheduler.active())) {
            if (arrivals.dropped(sequence.request) && !sequence.awaited()) {
                scheduler.release(sequence);
                arrivals.left(sequence.request);
            }
        }
    }

    /** Log-probabilities of the tokens of each continuation; the results in the order of the list. */
    public List<float[]> score(List<Continuation> continuations) {
        float[][] scored = new float[continuations.size()][];
        int[] next = {0};
        Supplier<Sequence> source = () -> {
            if (next[0] == continuations.size()) {
                return null;
            }
            Continuation given = continuations.get(next[0]);
            require(given.prompt().length + given.tokens().length, 0);
            Sequence sequence = Sequence.of(given);
            sequence.index = next[0]++;
            return sequence;
        };
        run(source, sequence -> scored[sequence.index] = sequence.logProbs(), () -> false);
        return List.of(scored);
    }

    /** Tokens that passes have computed so far. */
    public long computedTokens() {
        return scheduler.computedTokens();
    }

    /** Tokens of prompts that were in the cache already. */
    public long sharedTokens() {
        return scheduler.sharedTokens();
    }

    /** Bytes of keys and values that one token takes. */
    public long cacheBytesPerToken() {
        return KvCache.bytesPerToken(model.config(), model.backend().activations());
    }

    /** Bytes of the cache as it is. */
    public long cacheBytes() {
        return cache.bytes();
    }

    private Sequence sequence(Request request) {
        require(request.prompt().length, 1);
        boolean text = streams || !request.stops().isEmpty();
        if (text) {
            Objects.requireNonNull(tokenizer, "text, or a stop string, without a tokenizer");
        }
        return Sequence.of(
                request,
                model.positions(),
                text ? new TextStream(tokenizer.streamDecoder(true), request.stops()) : null);
    }

    private void require(int tokens, int more) {
        if (tokens + more > model.positions()) {
            throw new IllegalArgumentException(
                    tokens + " tokens, and " + more + " to come, in a context of " + model.positions());
        }
    }

    private boolean run(Supplier<Sequence> source, Consumer<Sequence> done, BooleanSupplier stop) {
        return soundly(() -> {
            forgetOldAdapters();
            return steps(source, done, stop);
        });
    }

    /** Whatever comes of it, the scheduler is empty afterwards, and the cache holds nothing that was left half done. */
    private boolean soundly(BooleanSupplier work) {
        boolean sound = false;
        try {
            boolean all = work.getAsBoolean();
            sound = true;
            return all;
        } finally {
            scheduler.releaseAll();
            if (!sound) {
                cache.forget();
            }
        }
    }

    /** Keys and values of adapters that are not there any more: of those in use, none is. */
    private void forgetOldAdapters() {
        if (bank != null && bankRevision != bank.revision()) {
            cache.forget();
            bankRevision = bank.revision();
        }
    }

    private boolean steps(Supplier<Sequence> source, Consumer<Sequence> done, BooleanSupplier stop) {
        Sequence waiting = source.get();
        while (!stop.getAsBoolean()) {
            while (waiting != null && scheduler.hasPlace() && scheduler.admit(waiting)) {
                waiting = source.get();
            }
            if (scheduler.active().isEmpty()) {
                if (waiting == null) {
                    return true;
                }
                throw new BadInput("a sequence of up to " + waiting.limit + " tokens takes "
                        + mebibytes(waiting.limit * cacheBytesPerToken()) + " MiB of keys and values, and there may be "
                        + mebibytes(cache.mostBytes()) + ": allow more, or fewer new tokens");
            }
            step(scheduler.next(), done);
        }
        return false;
    }

    private static long mebibytes(long bytes) {
        return Math.ceilDiv(bytes, 1L << 20);
    }

    private void step(Step step, Consumer<Sequence> done) {
        Batch batch = step.batch();
        int targets = batch.targetCount();
        boolean scored = step.sequences().getFirst().scored();
        if (scores.length < targets) {
            scores = new float[Math.max(targets, settings.sequences())];
        }
        if (scored) {
            model.forward(scores, batch, bank, step.cache());
        } else {
            if (chosen.length < 2 * targets) {
                chosen = new float[2 * Math.max(targets, settings.sequences())];
            }
            draws.clear();
            for (int t = 0; t < targets; t++) {
                draws.add(draw(step, t));
            }
            boolean wanted = step.sequences().stream().anyMatch(sequence -> sequence.request.logProbs());
            looked = NO_ROW;
            model.next(chosen, wanted ? scores : null, draws, batch, bank, step.cache());
        }
        for (int t = 0; t < targets; t++) {
            Sequence sequence = step.sequences().get(batch.targetSequence(t));
            int position = batch.position(batch.targetRow(t));
            boolean over;
            if (!scored && position + 1 < sequence.length()) {
                listener.promptToken(sequence.request, score(sequence, t, sequence.tokens()[position + 1]));
                continue;
            }
            if (scored) {
                sequence.logProb(scores[t]);
                over = t + 1 == targets || batch.targetSequence(t + 1) != batch.targetSequence(t);
                over &= sequence.todo() == 0;
            } else {
                over = choose(sequence, t);
            }
            if (over) {
                scheduler.release(sequence);
                if (sequence.failure == null) {
                    done.accept(sequence);
                } else {
                    listener.failed(sequence.request, sequence.failure);
                }
            }
        }
    }

    /** How the token behind a row is chosen; none where the prompt goes on. */
    private static TokenDraw draw(Step step, int target) {
        Sequence sequence = step.sequences().get(step.batch().targetSequence(target));
        Request request = sequence.request;
        int position = step.batch().position(step.batch().targetRow(target));
        return position + 1 < sequence.length()
                ? TokenDraw.NONE
                : request.sampling().draw(sequence.tokens(), sequence.length(), request.key());
    }

    /** The next token of a sequence; whether it is the last. */
    private boolean choose(Sequence sequence, int row) {
        Request request = sequence.request;
        int token = (int) chosen[2 * row];
        if (token == SampleTokens.NO_TOKEN) {
            sequence.failure = new BadInput("the model's logits are not finite numbers: its weights"
                    + (request.slot() == Batch.BASE ? "" : ", or those of the adapter in slot " + request.slot() + ",")
                    + " are broken; take another one");
            if (listener == null) {
                throw sequence.failure;
            }
            return true;
        }
        sequence.append(token);
        if (request.logProbs()) {
            sequence.logProb(logProb(row, chosen[2 * row + 1]));
        }
        if (listener != null) {
            listener.token(request, score(sequence, row, token));
        }
        if (sequence.endsWith(token)) {
            sequence.reason = FinishReason.STOP;
        } else if (sequence.text != null) {
            tell(sequence, sequence.text.add(token));
            sequence.reason = sequence.text.stopped() ? FinishReason.STOP : null;
        }
        if (sequence.reason == null && sequence.length() == sequence.limit) {
            sequence.reason = FinishReason.LENGTH;
        }
        if (sequence.reason != null && sequence.text != null) {
            tell(sequence, sequence.text.finish());
        }
        return sequence.reason != null;
    }

    private float logProb(int row, float logit) {
        return (float) (logit - (double) scores[row]);
    }

    private TokenScore score(Sequence sequence, int row, int token) {
        Scores wanted = sequence.request.scores();
        int[] alternatives =
                wanted.alternatives() == 0 ? NONE : Likeliest.of(logits(row), 0, vocabulary, wanted.alternatives());
        float[] logProbs = new float[alternatives.length];
        for (int i = 0; i < logProbs.length; i++) {
            logProbs[i] = logProb(row, logits(row)[alternatives[i]]);
        }
        float own = wanted.chosen()
                ? logProb(row, token == (int) chosen[2 * row] ? chosen[2 * row + 1] : logits(row)[token])
                : 0;
        return new TokenScore(token, own, alternatives, logProbs);
    }

    /** All logits of a row of the pass in hand: they come to the host for those alone who look at more than a token's. */
    private float[] logits(int row) {
        if (looked != row) {
            model.logits(logits, row);
            looked = row;
        }
        return logits;
    }

    private void tell(Sequence sequence, String piece) {
        if (streams && !piece.isEmpty()) {
            listener.text(sequence.request, piece);
        }
    }

    private Completion completion(Sequence sequence) {
        int[] tokens = sequence.newTokens();
        String text = null;
        if (sequence.text != null) {
            text = sequence.text.text();
        } else if (tokenizer != null) {
            boolean ended = sequence.endsWith(tokens[tokens.length - 1]);
            int[] said = ended ? Arrays.copyOf(tokens, tokens.length - 1) : tokens;
            text = tokenizer.decode(said, true);
        }
        return new Completion(tokens, text, sequence.logProbs(), sequence.reason);
    }

    @Override
    public void close() {
        cache.close();
    }
}
