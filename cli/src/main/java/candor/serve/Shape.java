package candor.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** How OpenAI writes an answer of one kind. */
interface Shape {
    /** What an answer's id begins with. */
    String idPrefix();

    /** The kind of a whole answer. */
    String object();

    /** The kind of a piece of a stream. */
    String chunkObject();

    /** A reply that is whole. */
    ObjectNode whole(Choice choice);

    /** What comes before any text of a reply. */
    List<ObjectNode> opening(Choice choice);

    /** The next text of a reply, with the scores of its tokens so far. */
    ObjectNode piece(Choice choice, String text);

    /** The end of a reply, with the scores that have not been told. */
    ObjectNode closing(Choice choice);
}
