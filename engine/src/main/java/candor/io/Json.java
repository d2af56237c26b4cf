package candor.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.regex.Pattern;

/** JSON as data files may hold it: strict, with bounds. */
public final class Json {
    private static final int MAX_DEPTH = 100;
    private static final int MAX_REASON = 200;

    /** Where the parser starts to talk about itself. */
    private static final Pattern OF_THE_PARSER = Pattern.compile(
            "( \\(start marker at |, from `StreamReadConstraints| for `ObjectNode`: not allowed"
                    + "| \\(bound as `|: enable `JsonReadFeature).*",
            Pattern.DOTALL);

    private static final String BYTE_ORDER_MARK = "(code 65279 ";

    private Json() {}

    /** A mapper for rows of at most so many bytes. */
    public static ObjectMapper mapper(int maxRowBytes) {
        return JsonMapper.builder(JsonFactory.builder()
                        .streamReadConstraints(StreamReadConstraints.builder()
                                .maxStringLength(maxRowBytes)
                                .maxNestingDepth(MAX_DEPTH)
                                .build())
                        .build())
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
                .build();
    }

    /** What the parser says, without its own idea of the place and the names of its settings. */
    public static String reason(JsonProcessingException e) {
        if (e.getOriginalMessage().contains(BYTE_ORDER_MARK)) {
            return "is not valid JSON: U+FEFF, the byte order mark, is outside any text; it belongs to the beginning"
                    + " of a file alone";
        }
        String reason = OF_THE_PARSER.matcher(e.getOriginalMessage()).replaceFirst("");
        int end = reason.offsetByCodePoints(0, Math.min(MAX_REASON, reason.codePointCount(0, reason.length())));
        return "is not valid JSON: " + reason.substring(0, end);
    }
}
