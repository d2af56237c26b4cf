package candor.data;

import candor.BadInput;
import candor.data.Example.Chat;
import candor.data.Example.PlainText;
import candor.data.Example.PromptAndCompletion;
import candor.data.Example.WholeText;
import candor.text.ChatEncoder;
import candor.text.EncodedChat;

/**
 * Encodes examples with a model's own tokenizer and chat template.
 *
 * <p>A chat is learnt in all of its assistant turns. Of a prompt and a completion everything behind the prompt's tokens is
 * learnt, as in TRL, and of a text all of it; a row whose prompt becomes other tokens once the completion follows it is refused, for then
 * there is no telling where the completion starts.
 */
public final class ChatRowEncoder implements RowEncoder {
    private final ChatEncoder encoder;
    private final LossOn lossOn;

    public ChatRowEncoder(ChatEncoder encoder, LossOn lossOn) {
        this.encoder = encoder;
        this.lossOn = lossOn;
    }

    @Override
    public EncodedRow encode(Example example) {
        EncodedChat encoded =
                switch (example.content()) {
                    case Chat chat -> encoder.encodeConversation(chat.conversation());
                    case PromptAndCompletion pair -> prefixed(encoder.encodeChat(pair.prompt(), pair.completion()));
                    case PlainText text -> prefixed(encoder.encodeText(text.prompt(), text.completion()));
                    case WholeText(String text) -> encoder.encodeWholeText(text);
                };
        boolean[] target = encoded.inLoss();
        int prompt = firstOf(target);
        if (lossOn == LossOn.ALL) {
            target = new boolean[encoded.length()];
            for (int t = 0; t < target.length; t++) {
                target[t] = !encoded.unlearnt()[t];
            }
        }
        return new EncodedRow(0, encoded.ids(), target, prompt, example.label());
    }

    private static EncodedChat prefixed(EncodedChat encoded) {
        if (!encoded.promptIsPrefix()) {
            throw new BadInput(
                    "the prompt becomes other tokens once the completion follows it, so the start of the"
                            + " completion is not certain; write the row as 'messages', or check the spaces where the completion starts");
        }
        return encoded;
    }

    private static int firstOf(boolean[] target) {
        int first = 0;
        while (first < target.length && !target[first]) {
            first++;
        }
        return first;
    }
}
