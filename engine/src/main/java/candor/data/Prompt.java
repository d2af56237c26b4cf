package candor.data;

import candor.data.read.Origin;
import candor.text.Conversation;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A row to go on from: a conversation that waits for a reply, or a text.
 *
 * @param conversation null where it is a text
 * @param text         null where it is a conversation
 * @param columns      the row as it stands in its file
 * @param origin       where that is
 */
public record Prompt(Conversation conversation, String text, ObjectNode columns, Origin origin) {}
