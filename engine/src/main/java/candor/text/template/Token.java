package candor.text.template;

/**
 * A piece of a template.
 *
 * @param text as written, except {@code STRING}: unescaped, and {@code DATA}: after whitespace control
 */
record Token(Kind kind, String text, int line) {
    enum Kind {
        DATA("text"),
        VARIABLE_BEGIN("'{{'"),
        VARIABLE_END("'}}'"),
        BLOCK_BEGIN("'{%'"),
        BLOCK_END("'%}'"),
        NAME("a name"),
        STRING("a string"),
        INTEGER("an integer"),
        FLOAT("a number"),
        OPERATOR("an operator"),
        END("the end of the template");

        final String label;

        Kind(String label) {
            this.label = label;
        }
    }

    boolean is(Kind other) {
        return kind == other;
    }

    boolean operator(String symbol) {
        return kind == Kind.OPERATOR && text.equals(symbol);
    }

    boolean name(String word) {
        return kind == Kind.NAME && text.equals(word);
    }

    String describe() {
        return switch (kind) {
            case NAME, OPERATOR, INTEGER, FLOAT -> "'" + text + "'";
            default -> kind.label;
        };
    }
}
