package candor.serve;

import candor.BadInput;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.Conversation;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;

/** Makes prompts of conversations, by a chat template that may print the date: that of the day of the request. */
public final class Conversations {
    private final Path model;
    private final Tokenizer tokenizer;
    private final TemplateChoice choice;
    private final SpecialTextPolicy policy;

    private ChatEncoder encoder;
    private LocalDate day;

    public Conversations(Path model, Tokenizer tokenizer, TemplateChoice choice, SpecialTextPolicy policy) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.choice = choice;
        this.policy = policy;
        encoder(LocalDateTime.now()); // a template that cannot be read is known before anybody asks
    }

    /** @throws BadInput where the conversation cannot be said; it is for clients to read */
    int[] encode(Conversation conversation) {
        try {
            return encoder(LocalDateTime.now()).encodePrompt(conversation);
        } catch (BadInput e) {
            throw new BadInput(forClients(e.getMessage()), e);
        }
    }

    private String forClients(String message) {
        Path file = choice.isFile() ? Path.of(choice.template()).getParent() : null;
        String text = Places.without(model, message);
        return file == null ? text : Places.without(file, text);
    }

    private synchronized ChatEncoder encoder(LocalDateTime now) {
        if (encoder == null
                || encoder.template().usesDate() && !now.toLocalDate().equals(day)) {
            ChatTemplate template = choice.load(model, now);
            encoder = new ChatEncoder(tokenizer, template, policy);
            day = now.toLocalDate();
        }
        return encoder;
    }
}
