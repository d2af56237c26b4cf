package candor.data;

import candor.data.Example.Chat;
import candor.data.Example.Content;
import candor.data.Example.PlainText;
import candor.data.Example.PromptAndCompletion;
import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * The column layouts that data comes in; a file's layout is told by its first row. Where messages are, a column
 * {@code tools} may stand beside them; other columns are not looked at.
 */
public enum Layout {
    /** {@code messages}: a list of messages with {@code role} and {@code content}. */
    MESSAGES("messages") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            return chat(columns, "messages");
        }
    },
    /** {@code prompt} and {@code completion} as TRL has them: both texts, or both lists of messages. */
    PROMPT_COMPLETION("prompt", "completion") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            boolean plain = columns.path("prompt").isTextual();
            if (plain != columns.path("completion").isTextual()) {
                throw new InvalidRow("of 'prompt' and 'completion' one is text and the other is not");
            }
            if (plain) {
                return new PlainText(Turns.text(columns, "prompt"), Turns.text(columns, "completion"));
            }
            List<Message> prompt = Turns.messages(columns, "prompt");
            List<Message> completion = Turns.messages(columns, "completion");
            if (!completion.getFirst().isAssistant()) {
                throw new InvalidRow("'completion' does not start with an assistant turn");
            }
            return new PromptAndCompletion(new Conversation(prompt, Turns.tools(columns)), completion);
        }
    },
    /** {@code instruction}, {@code input} (may be missing or empty), {@code output}. */
    ALPACA("instruction", "output") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            return instruction(columns, "input", "output");
        }
    },
    /** {@code instruction}, {@code context} (may be missing or empty), {@code response}. */
    DOLLY("instruction", "response") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            return instruction(columns, "context", "response");
        }
    },
    /** {@code conversations}: a list of turns with {@code from} (human, gpt, system) and {@code value}. */
    SHAREGPT("conversations") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            return chat(columns, "conversations");
        }
    };

    private final List<String> columns;

    Layout(String... columns) {
        this.columns = List.of(columns);
    }

    /** The first layout whose columns are all there; null if none is. */
    static Layout of(ObjectNode row) {
        for (Layout layout : values()) {
            if (layout.fits(row)) {
                return layout;
            }
        }
        return null;
    }

    boolean fits(ObjectNode row) {
        return columns.stream().allMatch(row::has);
    }

    /** The columns that a row of this layout cannot do without. */
    List<String> columns() {
        return columns;
    }

    abstract Content content(ObjectNode columns) throws InvalidRow;

    private static Chat chat(ObjectNode columns, String name) throws InvalidRow {
        List<Message> messages = Turns.messages(columns, name);
        Turns.requireAssistant(messages);
        return new Chat(new Conversation(messages, Turns.tools(columns)));
    }

    /** The user's turn is the instruction and, if there is one, the input on the next line. */
    private static Chat instruction(ObjectNode columns, String input, String output) throws InvalidRow {
        String asked = Turns.text(columns, "instruction");
        String given = Turns.optionalText(columns, input);
        if (asked.isEmpty() && given.isEmpty()) {
            throw new InvalidRow("'instruction' and '" + input + "' are both empty");
        }
        String user = asked.isEmpty() || given.isEmpty() ? asked + given : asked + "\n" + given;
        return new Chat(new Conversation(
                List.of(Message.of("user", user), Message.of("assistant", Turns.text(columns, output)))));
    }
}
