package candor.data;

import candor.text.ChatEncoder;
import candor.text.Message;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What a user should know of how rows were read, collected over all of them and said once. */
final class RowNotes {
    private static final int MOST_NAMES = 50;
    private static final Set<String> ROLE_AND_CONTENT = Set.of("role", "content");

    private final Set<String> columns = new TreeSet<>();
    private final Set<String> fields = new TreeSet<>();
    private boolean wholeText;
    private boolean labels;

    void of(Layout layout, ObjectNode row, RowKind kind, Example.Content content) {
        for (var column : row.properties()) {
            String name = column.getKey();
            boolean label = kind != RowKind.PAIRED && Learning.LABELS.contains(name);
            if (label && kind == RowKind.PLAIN && !Cells.isAbsent(column.getValue())) {
                labels = true;
            } else if (!label && !layout.reads(name) && !name.equals("weight")) {
                add(columns, name);
            }
        }
        switch (content) {
            case Example.WholeText _ -> wholeText = true;
            case Example.PlainText _ -> {}
            case Example.Chat(var conversation) -> addFields(conversation.messages());
            case Example.PromptAndCompletion(var prompt, var completion) -> {
                addFields(prompt.messages());
                addFields(completion);
            }
        }
    }

    private void addFields(List<Message> messages) {
        for (Message message : messages) {
            for (String name : message.fields().keySet()) {
                if (!ROLE_AND_CONTENT.contains(name) && !ChatEncoder.requiresField(name)) {
                    add(fields, name);
                }
            }
        }
    }

    private static void add(Set<String> names, String name) {
        if (names.size() < MOST_NAMES) {
            names.add(Cells.shortened(name));
        }
    }

    List<String> all() {
        List<String> all = new ArrayList<>();
        if (wholeText) {
            all.add("rows of 'text' are learnt from their first token to their end token; there is no prompt in them");
        }
        if (labels) {
            all.add("labels are ignored: every row is learnt, also those labelled false; KTO is what learns labels");
        }
        if (!columns.isEmpty()) {
            all.add("ignored columns: " + String.join(", ", columns));
        }
        if (!fields.isEmpty()) {
            all.add("fields of messages that only a template could look at: " + String.join(", ", fields));
        }
        return all;
    }
}
