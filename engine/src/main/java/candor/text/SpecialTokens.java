package candor.text;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The tokens with a role of their own.
 *
 * @param bos begin of text
 * @param endIds every token that ends a reply, ascending, without repeats: {@code eos_token_id} of
 *     generation_config.json and config.json (a number or a list), and {@code eos_token} of tokenizer_config.json
 * @param eos the end token of tokenizer_config.json: the one that is written
 * @param pad the padding token; batches are packed, so it is kept for the record only
 * @param named the texts that templates see: {@code bos_token}, {@code eos_token}, and so on
 */
public record SpecialTokens(
        OptionalInt bos, OptionalInt eos, OptionalInt pad, List<Integer> endIds, Map<String, Object> named) {
    public SpecialTokens {
        endIds = List.copyOf(endIds);
        named = JsonValues.copyOfMap(named);
    }

    /** Whether generation stops at this token. */
    public boolean isEnd(int id) {
        return endIds.contains(id);
    }
}
