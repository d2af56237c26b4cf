package candor.data;

import candor.data.Example.Chat;
import candor.data.Example.Content;
import candor.data.Example.PlainText;
import candor.data.Example.WholeText;
import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * The column layouts that data comes in; a file's layout is told by its first row. Beside a conversation may stand what
 * belongs to it ({@link Surroundings}); other columns are not looked at, which is said once.
 */
public enum Layout {
    /**
     * {@code chosen} and {@code rejected}, with or without {@code prompt}: two rows where labels or pairs are wanted ({@link
     * Preference}). This is the first of them.
     */
    PREFERENCE("chosen", "rejected") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            return Preference.of(columns).chosen();
        }

        @Override
        boolean reads(String column) {
            return super.reads(column) || column.equals("prompt");
        }
    },
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
            boolean plain = isText(columns, "prompt");
            if (plain != isText(columns, "completion")) {
                throw new InvalidRow("of 'prompt' and 'completion' one is text and the other is not");
            }
            if (plain) {
                Surroundings.requireNone(columns);
                return new PlainText(Cells.text(columns, "prompt"), Cells.text(columns, "completion"));
            }
            List<Message> prompt = Turns.messages(columns, "prompt");
            List<Message> completion = Turns.messages(columns, "completion");
            return Preference.completion(Surroundings.around(prompt, columns), completion, "completion");
        }
    },
    /** {@code instruction}, {@code input} (may be missing or empty), {@code output}. */
    ALPACA("instruction", "output") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            return instruction(columns, "input", "output");
        }

        @Override
        boolean reads(String column) {
            return super.reads(column) || column.equals("input");
        }
    },
    /** {@code instruction}, {@code context} (may be missing or empty), {@code response}. */
    DOLLY("instruction", "response") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            return instruction(columns, "context", "response");
        }

        @Override
        boolean reads(String column) {
            return super.reads(column) || column.equals("context");
        }
    },
    /** {@code conversations}: a list of turns with {@code from} (human, gpt, system) and {@code value}. */
    SHAREGPT("conversations") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            return chat(columns, "conversations");
        }
    },
    /** {@code text}: learnt from end to end, as TRL has it. */
    TEXT("text") {
        @Override
        Content content(ObjectNode columns) throws InvalidRow {
            Surroundings.requireNone(columns);
            String text = Cells.text(columns, "text");
            if (text.isEmpty()) {
                throw new InvalidRow("'text' is empty");
            }
            return new WholeText(text);
        }
    };

    private final List<String> columns;

    Layout(String... columns) {
        this.columns = List.of(columns);
    }

    /**
     * The first layout whose columns are all there; null if none is.
     *
     * @param kind where rows must be labelled, a pair of completions is its own label, unless there is one; where they must be
     *             paired, nothing else will do
     */
    static Layout of(ObjectNode row, RowKind kind) {
        if (kind == RowKind.PAIRED) {
            return PREFERENCE.fits(row) ? PREFERENCE : null;
        }
        boolean pairs = kind == RowKind.LABELLED
                && !row.has("completion")
                && Learning.LABELS.stream().noneMatch(row::has);
        for (Layout layout : values()) {
            if (layout.fits(row) && (layout != PREFERENCE || pairs)) {
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

    /** Whether anything is read from a column. */
    boolean reads(String column) {
        return columns.contains(column) || Surroundings.READ.contains(column);
    }

    abstract Content content(ObjectNode columns) throws InvalidRow;

    private static boolean isText(ObjectNode columns, String name) {
        return columns.path(name).isTextual() && !Cells.isConversation(columns.get(name));
    }

    private static Chat chat(ObjectNode columns, String name) throws InvalidRow {
        Conversation conversation = Surroundings.around(Turns.messages(columns, name), columns);
        Turns.requireAssistant(conversation.messages());
        return new Chat(conversation);
    }

    /** The user's turn is the instruction and, if there is one, the input on the next line. */
    private static Chat instruction(ObjectNode columns, String input, String output) throws InvalidRow {
        String asked = Cells.text(columns, "instruction");
        String given = Cells.optionalText(columns, input);
        if (asked.isEmpty() && given.isEmpty()) {
            throw new InvalidRow("'instruction' and '" + input + "' are both empty");
        }
        String user = asked.isEmpty() || given.isEmpty() ? asked + given : asked + "\n" + given;
        List<Message> turns = List.of(Message.of("user", user), Message.of("assistant", Cells.text(columns, output)));
        return new Chat(Surroundings.around(turns, columns));
    }
}
