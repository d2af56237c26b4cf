package candor.text;

import candor.BadInput;
import candor.text.Tokenizer.Offsets;
import candor.text.template.Template.Span;
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
        check(conversation);
        return template.render(conversation, addGenerationPrompt);
    }

    /**
     * A prompt and its completion as TRL 1.13 has them (SFTTrainer and KTOTrainer): the prompt is rendered with the
     * generation prompt, prompt and completion without, and the loss covers all tokens behind as many as the prompt has.
     *
     * @param prompt with the tools, which both texts are rendered with
     */
    public EncodedChat encodeChat(Conversation prompt, List<Message> completion) {
        PromptAndWhole texts = promptAndWhole(prompt, completion);
        int[] ids = tokenizer.encode(texts.whole(), false);
        int[] promptIds = tokenizer.encodePrefix(texts.prompt(), texts.whole(), ids);
        return completionMask(promptIds, ids);
    }

    /** The rendered text of a prompt and its completion, with what the loss of {@link #encodeChat} covers marked. */
    public MaskedText render(Conversation prompt, List<Message> completion) {
        PromptAndWhole texts = promptAndWhole(prompt, completion);
        if (!texts.whole().startsWith(texts.prompt())) {
            throw new BadInput("the template renders the prompt differently once the completion follows it, so the"
                    + " start of the completion is not certain");
        }
        return new MaskedText(
                texts.whole(),
                List.of(new Span(texts.prompt().length(), texts.whole().length())));
    }

    private record PromptAndWhole(String prompt, String whole) {}

    private PromptAndWhole promptAndWhole(Conversation prompt, List<Message> completion) {
        if (prompt.messages().isEmpty() || completion.isEmpty()) {
            throw new BadInput("the " + (completion.isEmpty() ? "completion" : "prompt") + " has no message");
        }
        Conversation all = prompt.followedBy(completion);
        check(all);
        return new PromptAndWhole(template.render(prompt, true), template.render(all, false));
    }

    /** The same for plain text: no template, but the end token behind the completion unless it stands there. */
    public EncodedChat encodeText(String prompt, String completion) {
        String bare = withoutEnd(completion);
        check(prompt, "the prompt");
        check(bare, "the completion");
        int[] promptIds = tokenizer.encode(prompt, true);
        int[] ids = tokenizer.encode(prompt + bare + end(), true);
        return completionMask(promptIds, ids);
    }

    /**
     * A text that is learnt whole, as TRL has it: no template, the special tokens that the tokenizer puts around a text, and
     * the end token behind it unless it stands there.
     */
    public EncodedChat encodeWholeText(String text) {
        String bare = withoutEnd(text);
        check(bare, "the text");
        int[] ids = tokenizer.encode(bare + end(), true);
        boolean[] inLoss = new boolean[ids.length];
        Arrays.fill(inLoss, true);
        return new EncodedChat(ids, inLoss, true);
    }

    /**
     * A text outside any template as {@link #encodeText} and, without a prompt, {@link #encodeWholeText} take it, with what
     * is learnt marked. Special tokens that the tokenizer puts around it are not shown.
     */
    public MaskedText renderText(String prompt, String completion) {
        String bare = withoutEnd(completion);
        check(prompt, "the prompt");
        check(bare, prompt.isEmpty() ? "the text" : "the completion");
        String whole = prompt + bare + end();
        return new MaskedText(whole, List.of(new Span(prompt.length(), whole.length())));
    }

    /** The text of the end token; empty where the tokenizer has none. */
    private String end() {
        return tokenizer.special().named().get("eos_token") instanceof String eos ? eos : "";
    }

    private String withoutEnd(String text) {
        return text.endsWith(end()) ? text.substring(0, text.length() - end().length()) : text;
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
        check(conversation);
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
            throw new BadInput(
                    masked.unlearnt().isEmpty()
                            ? "the conversation has no assistant turn: there is nothing to learn from it"
                            : "every assistant turn is left out of the loss (\"weight\": 0): there is nothing to learn from it");
        }
        Offsets offsets = tokenizer.encodeWithOffsets(masked.text());
        return new EncodedChat(
                offsets.ids(), inside(masked.replies(), offsets), inside(masked.unlearnt(), offsets), true);
    }

    /** Which tokens lie inside one of the spans. */
    private static boolean[] inside(List<Span> spans, Offsets offsets) {
        boolean[] inside = new boolean[offsets.ids().length];
        int reached = 0;
        int reply = 0;
        for (int t = 0; t < inside.length; t++) {
            // Some tokenizers leave the leading space out of a token's span; it belongs to the token all the same.
            int start = Math.min(offsets.starts()[t], reached);
            int end = Math.max(offsets.ends()[t], reached);
            while (reply < spans.size() && start >= spans.get(reply).end()) {
                reply++;
            }
            if (reply == spans.size()) {
                break;
            }
            Span span = spans.get(reply);
            if (start < span.start() && end > span.start() || start < span.end() && end > span.end()) {
                throw new BadInput("the loss mask is not certain: the token of characters " + start + " to " + end
                        + " crosses the " + (end > span.end() ? "end" : "start") + " of reply " + (reply + 1)
                        + "; does the reply start or end with blanks?");
            }
            inside[t] = start >= span.start() && end > start;
            reached = end;
        }
        return inside;
    }

    /** Whether a field of a message, beside role and content, must come out in the text: else the row is refused. */
    public static boolean requiresField(String name) {
        return FieldUse.isMeant(name);
    }

    private void check(Conversation conversation) {
        List<Message> messages = conversation.messages();
        for (int i = 0; i < messages.size(); i++) {
            check(
                    messages.get(i).fields(),
                    "message " + (i + 1) + " (" + messages.get(i).role() + ")");
        }
        check(conversation.tools(), "the description of a tool");
        FieldUse.check(template, conversation);
    }

    private void check(Object value, String what) {
        if (policy == SpecialTextPolicy.REFUSE) {
            tokenizer.specialTextIn(value).ifPresent(token -> {
                throw new BadInput(
                        what + " holds the text " + token
                                + ", which the tokenizer takes for a special token: remove it, or ask for special tokens to be kept");
            });
        }
    }
}
