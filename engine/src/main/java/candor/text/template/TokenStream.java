package candor.text.template;

import candor.text.template.Token.Kind;
import java.util.List;

/** The tokens with a place in them, and the nesting of the parser, which is bounded. */
final class TokenStream {
    /** A level takes about fifteen frames of the parser: far from the smallest stack. */
    private static final int MAX_NESTING = 100;

    private final List<Token> tokens;
    private int index;
    private int nesting;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(index);
    }

    Token ahead() {
        return tokens.get(Math.min(index + 1, tokens.size() - 1));
    }

    int line() {
        return current().line();
    }

    Token next() {
        Token token = current();
        if (index < tokens.size() - 1) {
            index++;
        }
        return token;
    }

    boolean skip(String operator) {
        if (!current().operator(operator)) {
            return false;
        }
        next();
        return true;
    }

    boolean skipName(String word) {
        if (!current().name(word)) {
            return false;
        }
        next();
        return true;
    }

    Token expect(Kind kind) {
        if (!current().is(kind)) {
            throw unexpected(kind.label);
        }
        return next();
    }

    void expect(String operator) {
        if (!skip(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    void expectName(String word) {
        if (!skipName(word)) {
            throw unexpected("'" + word + "'");
        }
    }

    TemplateError unexpected(String wanted) {
        return new TemplateError("expected " + wanted + ", found " + current().describe(), line());
    }

    void enter() {
        if (++nesting > MAX_NESTING) {
            throw new TemplateError("the template's code nests deeper than " + MAX_NESTING + " levels", line());
        }
    }

    void leave() {
        nesting--;
    }
}
