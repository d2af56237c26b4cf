package candor.world;

import java.util.List;

/**
 * Something that every entity of a domain has.
 *
 * @param noun as in "the cargo of the Seabird"
 * @param question in its own words, with {@code {e}} for the entity
 * @param statement in its own words, with {@code {e}} and {@code {v}}
 * @param values all that there are; each a single word or number
 */
record Attribute(String noun, String question, String statement, List<String> values) {
    boolean numeric() {
        return Character.isDigit(values.getFirst().charAt(0));
    }
}
