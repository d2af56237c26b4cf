package candor.data;

import candor.data.Example.Content;
import candor.data.Example.PlainText;
import candor.data.Example.PromptAndCompletion;
import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * A row of {@code prompt}, {@code chosen} and {@code rejected}: two completions of one prompt. Texts, or lists of messages.
 * Where the prompt is no column of its own, it is what both have in common at their start, as in TRL ({@code
 * extract_prompt}); a text beside lists of messages says the same again, and is passed over there as here.
 */
record Preference(Content chosen, Content rejected) {
    static Preference of(ObjectNode columns) throws InvalidRow {
        boolean lists = Cells.isConversation(columns.get("chosen"));
        if (lists != Cells.isConversation(columns.get("rejected"))) {
            throw new InvalidRow("of 'chosen' and 'rejected' one is text and the other is not");
        }
        boolean prompted = !Cells.isAbsent(columns.get("prompt"));
        boolean promptIsList = prompted && Cells.isConversation(columns.get("prompt"));
        if (promptIsList && !lists) {
            throw new InvalidRow("'prompt' is a list of messages, while 'chosen' and 'rejected' are text");
        }
        return lists ? conversations(columns, promptIsList) : texts(columns, prompted);
    }

    private static Preference conversations(ObjectNode columns, boolean prompted) throws InvalidRow {
        List<Message> chosen = Turns.messages(columns, "chosen");
        List<Message> rejected = Turns.messages(columns, "rejected");
        List<Message> prompt;
        if (prompted) {
            prompt = Turns.messages(columns, "prompt");
        } else {
            int common = 0;
            // One message stays for the completion, even where nothing differs.
            int most = Math.min(chosen.size(), rejected.size()) - 1;
            while (common < most && chosen.get(common).equals(rejected.get(common))) {
                common++;
            }
            if (common == 0) {
                throw new InvalidRow("'chosen' and 'rejected' begin with no message in common that could be the prompt;"
                        + " give 'prompt'");
            }
            prompt = chosen.subList(0, common);
            chosen = chosen.subList(common, chosen.size());
            rejected = rejected.subList(common, rejected.size());
        }
        Conversation asked = Surroundings.around(prompt, columns);
        return new Preference(completion(asked, chosen, "chosen"), completion(asked, rejected, "rejected"));
    }

    /** What the assistant says behind a prompt; all of it is learnt. */
    static PromptAndCompletion completion(Conversation prompt, List<Message> completion, String name)
            throws InvalidRow {
        if (!completion.getFirst().isAssistant()) {
            throw new InvalidRow("'" + name + "' does not start with an assistant turn");
        }
        if (!completion.stream().allMatch(Message::learnt)) {
            throw new InvalidRow("a message of '" + name
                    + "' has weight 0, while a completion is learnt whole; write the row as 'messages'");
        }
        return new PromptAndCompletion(prompt, completion);
    }

    private static Preference texts(ObjectNode columns, boolean prompted) throws InvalidRow {
        Surroundings.requireNone(columns);
        String chosen = Cells.text(columns, "chosen");
        String rejected = Cells.text(columns, "rejected");
        if (prompted) {
            String prompt = Cells.text(columns, "prompt");
            return new Preference(new PlainText(prompt, chosen), new PlainText(prompt, rejected));
        }
        int common = commonStart(chosen, rejected);
        String prompt = chosen.substring(0, common);
        return new Preference(
                new PlainText(prompt, chosen.substring(common)), new PlainText(prompt, rejected.substring(common)));
    }

    /** Whole characters, of which one stays for the completion; a blank before the difference belongs to it. */
    private static int commonStart(String chosen, String rejected) {
        int[] a = chosen.codePoints().toArray();
        int[] b = rejected.codePoints().toArray();
        int most = Math.max(0, Math.min(a.length, b.length) - 1);
        int common = 0;
        while (common < most && a[common] == b[common]) {
            common++;
        }
        boolean differ = common < Math.min(a.length, b.length) && a[common] != b[common];
        if (differ && common > 0 && a[common - 1] == ' ') {
            common--;
        }
        return chosen.offsetByCodePoints(0, common);
    }
}
