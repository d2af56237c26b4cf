package candor.generate;

import candor.BadInput;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.ops.Batch;
import candor.text.ChatEncoder;
import candor.text.Conversation;
import candor.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A conversation with a model: what was said is said again to the model at every turn, and only what is new of it has to be
 * computed. For one caller at a time.
 */
public final class ChatSession implements AutoCloseable {
    private final CausalLm model;
    private final AdapterBank bank;
    private final ChatEncoder encoder;
    private final Generator generator;
    private final Sampling sampling;
    private final int maxNewTokens;
    private final List<Message> said = new ArrayList<>();
    private String system;
    private long turns;

    /** @param cacheBytes memory for keys and values */
    public ChatSession(CausalLm model, ChatEncoder encoder, Sampling sampling, int maxNewTokens, long cacheBytes) {
        if (maxNewTokens < 1) {
            throw new BadInput("a reply of " + maxNewTokens + " tokens is none", "give {max_new_tokens} as 1 or more");
        }
        this.model = model;
        this.encoder = encoder;
        this.sampling = sampling;
        this.maxNewTokens = maxNewTokens;
        bank = new AdapterBank(model.config(), 1);
        generator = new Generator(model, bank, encoder.tokenizer(), new Generator.Settings(1, 512, cacheBytes));
    }

    /** Talks through an adapter from now on, or with null through the base model. The conversation stays. */
    public void adapter(Adapter adapter) {
        bank.set(0, adapter);
    }

    /** Says first, from now on, what the model is to be; null for nothing. The conversation stays. */
    public void system(String text) {
        system = text;
    }

    /** Forgets what was said. The system message and the adapter stay. */
    public void reset() {
        said.clear();
    }

    /** What was said, the system message first. */
    public List<Message> messages() {
        List<Message> all = new ArrayList<>();
        if (system != null) {
            all.add(Message.of("system", system));
        }
        all.addAll(said);
        return all;
    }

    /**
     * Says something, and hears the reply.
     *
     * @param piece hears the reply as it comes
     * @param stop  asked before every token; what was said until then is the reply
     * @return why it ended; null where it was stopped
     * @throws BadInput where it cannot be said; the conversation is as it was then
     */
    public FinishReason say(String text, Consumer<String> piece, BooleanSupplier stop) {
        said.add(Message.of("user", text));
        Request request;
        try {
            request = request();
        } catch (BadInput e) {
            said.removeLast();
            throw e;
        }
        StringBuilder reply = new StringBuilder();
        FinishReason[] reason = {null};
        generator.run(
                List.of(request).iterator(),
                new Generator.Listener() {
                    @Override
                    public void text(Request of, String next) {
                        reply.append(next);
                        piece.accept(next);
                    }

                    @Override
                    public void done(Request of, Completion completion) {
                        reason[0] = completion.reason();
                    }

                    @Override
                    public boolean streams() {
                        return true;
                    }
                },
                stop);
        said.add(Message.of(Message.ASSISTANT, reply.toString()));
        return reason[0];
    }

    private Request request() {
        int[] prompt = encoder.encodePrompt(new Conversation(messages()));
        if (prompt.length >= model.positions()) {
            throw new BadInput("the conversation has " + prompt.length + " tokens, and the model takes "
                    + model.positions() + " with its reply: start over with /reset");
        }
        return new Request(
                prompt,
                bank.get(0) == null ? Batch.BASE : 0,
                sampling,
                turns++,
                maxNewTokens,
                encoder.tokenizer().special().endIds(),
                List.of(),
                false);
    }

    @Override
    public void close() {
        generator.close();
    }
}
