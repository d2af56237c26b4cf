package candor.study.record;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * The model that a study starts from.
 *
 * @param name for people
 * @param path where its folder was
 * @param hash of its files
 */
public record ModelInfo(String name, String path, String hash) {
    ObjectNode json() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("name", name)
                .put("path", path)
                .put("hash", hash);
    }

    static ModelInfo read(Fields fields) {
        return new ModelInfo(fields.text("name"), fields.text("path"), fields.text("hash"));
    }
}
