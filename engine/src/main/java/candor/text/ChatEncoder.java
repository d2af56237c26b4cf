package candor.text;

import candor.BadInput;
import candor.text.Tokenizer.Offsets;
import candor.text.template.Template.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** From conversations to token ids with the loss mask. Threads may share it. */
public final class ChatEncoder {
    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final SpecialTextPolicy policy;

    public ChatEncoder(Tokenizer tokenizer, ChatTemplate template, SpecialTextPolicy policy) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.policy = policy;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public ChatTemplate template() {
        return template;
    }

    /** What generation starts from: the conversation with the generation prompt. */
    public int[] encodePrompt(Conversation conversation) {
        return tokenizer.encode(renderPlain(conversation, true), false);
    }

    /** The conversation as the model reads it, its messages checked for the text of special tokens. */
    public String renderPlain(Conversation conversation, boolean addGenerationPrompt) {
        check(conversation.messages());
        return template.render(conversation, addGenerationPrompt);
    }

    /**
     * A prompt and its completion as TRL 1.13 has them (SFTTrainer and KTOTrainer): the prompt is rendered with the
     * generation prompt, prompt and completion without, and the loss covers all tokens behind as many as the prompt has.
     */
    public EncodedChat encodeChat(List<Message> prompt, List<Message> completion) {
        if (prompt.isEmpty() || completion.isEmpty()) {
            throw new BadInput("the " + (prompt.isEmpty() ? "prompt" : "completion") + " has no message");
        }
        List<Message> all = new ArrayList<>(prompt);
        all.addAll(completion);
        check(all);
        String before = template.render(new Conversation(prompt), true);
        String whole = template.render(new Conversation(all), false);
        int[] ids = tokenizer.encode(whole, false);
        int[] promptIds = tokenizer.encodePrefix(before, whole, ids);
        return completionMask(promptIds, ids);
    }

    /** The same for plain text: no template, but the end token behind the completion unless it stands there. */
    public EncodedChat encodeText(String prompt, String completion) {
        Object end = tokenizer.special().named().get("eos_token");
        String bare = end instanceof String eos && completion.endsWith(eos)
                ? completion.substring(0, completion.length() - eos.length())
                : completion;
        check(Message.of("prompt", prompt), 0);
        check(Message.of("completion", bare), 1);
        int[] promptIds = tokenizer.encode(prompt, true);
        int[] ids = tokenizer.encode(prompt + bare + (end == null ? "" : end), true);
        return completionMask(promptIds, ids);
    }

    private static EncodedChat completionMask(int[] promptIds, int[] ids) {
        if (promptIds.length >= ids.length) {
            throw new BadInput("prompt and completion together give " + ids.length + " tokens and the prompt alone "
                    + promptIds.length + ": the completion has none of its own");
        }
        boolean[] inLoss = new boolean[ids.length];
        Arrays.fill(inLoss, promptIds.length, ids.length, true);
        boolean prefix = Arrays.equals(promptIds, 0, promptIds.length, ids, 0, promptIds.length);
        return new EncodedChat(ids, inLoss, prefix);
    }

    /** The rendered conversation with all of the assistant's turns marked. */
    public MaskedText render(Conversation conversation) {
        check(conversation.messages());
        return ReplySpans.find(template, conversation);
    }

    /**
     * A conversation with a loss on every turn of the assistant (as LLaMA-Factory), from behind the generation prompt to
     * behind the end-of-turn text.
     */
    public EncodedChat encodeConversation(Conversation conversation) {
        return encode(render(conversation));
    }

    /** Tokens of a masked text; a token is in the loss where it lies inside a reply. */
    public EncodedChat encode(MaskedText masked) {
        if (masked.replies().isEmpty()) {
            throw new BadInput("the conversation has no assistant turn: there is nothing to learn from it");
        }
        Offsets offsets = tokenizer.encodeWithOffsets(masked.text());
        boolean[] inLoss = new boolean[offsets.ids().length];
        int reached = 0;
        int reply = 0;
        for (int t = 0; t < inLoss.length; t++) {
            // Some tokenizers leave the leading space out of a token's span; it belongs to the token all the same.
            int start = Math.min(offsets.starts()[t], reached);
            int end = Math.max(offsets.ends()[t], reached);
            while (reply < masked.replies().size() && start >= masked.replies().get(reply).end()) {
                reply++;
            }
            if (reply == masked.replies().size()) {
                break;
            }
            Span span = masked.replies().get(reply);
            if (start < span.start() && end > span.start() || start < span.end() && end > span.end()) {
                throw new BadInput("the loss mask is not certain: the token of characters " + start + " to " + end
                        + " crosses the " + (end > span.end() ? "end" : "start") + " of reply " + (reply + 1)
                        + "; does the reply start or end with blanks?");
            }
            inLoss[t] = start >= span.start() && end > start;
            reached = end;
        }
        return new EncodedChat(offsets.ids(), inLoss, true);
    }

    private void check(List<Message> messages) {
        for (int i = 0; i < messages.size(); i++) {
            check(messages.get(i), i);
        }
    }

    private void check(Message message, int index) {
        if (policy == SpecialTextPolicy.REFUSE) {
            tokenizer.specialTextIn(message).ifPresent(token -> {
                throw new BadInput("message " + (index + 1) + " (" + message.role() + ") holds the text " + token
                        + ", which the tokenizer takes for a special token: remove it, or ask for special tokens to be kept");
            });
        }
    }
}
