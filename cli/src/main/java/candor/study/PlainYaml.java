package candor.study;

import candor.BadInput;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;

/** A YAML parser that refuses aliases: Jackson hands one on as a text of its name, and nobody means that. */
public final class PlainYaml extends JsonParserDelegate {
    private final String file;
    private final YAMLParser yaml;

    /** @param file its name, for messages */
    public PlainYaml(String file, YAMLParser yaml) {
        super(yaml);
        this.file = file;
        this.yaml = yaml;
    }

    @Override
    public JsonToken nextToken() throws IOException {
        JsonToken token = super.nextToken();
        if (yaml.isCurrentAlias()) {
            throw new BadInput(file + ", line " + currentTokenLocation().getLineNr()
                    + ": aliases are not supported; write the value itself");
        }
        return token;
    }
}
