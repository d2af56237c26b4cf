package candor.text.template;

import candor.text.template.Token.Kind;
import java.text.Normalizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens and applies whitespace control: {@code trim_blocks} (one newline after a block or comment
 * goes), {@code lstrip_blocks} (blanks between the start of a line and a block or comment go), {@code -} (all whitespace
 * on that side goes) and {@code +} (nothing goes).
 */
final class Lexer {
    /** Longest first. */
    private static final String[] OPERATORS = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";"
    };

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int pos;
    private int line = 1;
    /** Where {@link #line} was counted up to. */
    private int counted;
    /** Whether what was read last ended with a newline: only then may blanks before a block be stripped. */
    private boolean lineStarting = true;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokenize(String source) {
        // As Jinja: all newlines become \n, and one at the very end is dropped.
        String text = source.replace("\r\n", "\n").replace('\r', '\n');
        if (text.endsWith("\n")) {
            text = text.substring(0, text.length() - 1);
        }
        Lexer lexer = new Lexer(text);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (true) {
            int start = nextTag(pos);
            if (start < 0) {
                data(source.substring(pos));
                pos = source.length();
                add(Kind.END, "");
                return;
            }
            char kind = source.charAt(start + 1);
            char sign = signAt(start + 2);
            String text = source.substring(pos, start);
            data(sign == '-' ? Chars.stripEnd(text) : sign == '+' || kind == '{' ? text : leftStripped(text));
            pos = start + (sign == 0 ? 2 : 3);
            switch (kind) {
                case '#' -> comment();
                case '{' -> inside(Kind.VARIABLE_BEGIN, Kind.VARIABLE_END);
                default -> {
                    int raw = afterWordTag(pos, "raw", false);
                    if (raw >= 0) {
                        pos = raw;
                        raw();
                    } else {
                        inside(Kind.BLOCK_BEGIN, Kind.BLOCK_END);
                    }
                }
            }
        }
    }

    private int nextTag(int from) {
        for (int i = source.indexOf('{', from); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char next = source.charAt(i + 1);
            if (next == '%' || next == '{' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    private char signAt(int index) {
        char c = index < source.length() ? source.charAt(index) : 0;
        return c == '-' || c == '+' ? c : 0;
    }

    private String leftStripped(String text) {
        int lineStart = text.lastIndexOf('\n') + 1;
        boolean blank = Chars.isBlank(text.substring(lineStart));
        return blank && (lineStart > 0 || lineStarting) ? text.substring(0, lineStart) : text;
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            add(Kind.DATA, text);
        }
    }

    private void comment() {
        int end = source.indexOf("#}", pos);
        if (pos == source.length()) {
            // Jinja lets a tag that opens at the very end pass.
            return;
        }
        if (end < 0) {
            throw new TemplateError("a comment is not closed by '#}'", lineAt(pos));
        }
        char sign = end > pos ? source.charAt(end - 1) : 0;
        closeTag(end + 2, sign);
    }

    /** Moves behind a closing tag that ends at {@code end}, and over the whitespace that goes with it. */
    private void closeTag(int end, char sign) {
        pos = end;
        if (sign == '-') {
            pos = skipWhitespace(end);
        } else if (sign != '+' && end < source.length() && source.charAt(end) == '\n') {
            pos = end + 1;
        }
        lineStarting = source.charAt(pos - 1) == '\n';
    }

    private int skipWhitespace(int from) {
        int i = from;
        while (i < source.length() && Chars.isSpace(source.charAt(i))) {
            i++;
        }
        return i;
    }

    /** Where a tag's inside {@code word -%}} ends, whitespace included, if that is what stands at {@code from}; or -1. */
    private int afterWordTag(int from, String word, boolean trim) {
        int i = skipWhitespace(from);
        if (!source.startsWith(word, i)) {
            return -1;
        }
        i = skipWhitespace(i + word.length());
        if (source.startsWith("-%}", i)) {
            return skipWhitespace(i + 3);
        }
        if (trim && source.startsWith("+%}", i)) {
            return i + 3;
        }
        if (!source.startsWith("%}", i)) {
            return -1;
        }
        return trim && i + 2 < source.length() && source.charAt(i + 2) == '\n' ? i + 3 : i + 2;
    }

    /** Everything up to {@code {% endraw %}} is data. */
    private void raw() {
        lineStarting = source.charAt(pos - 1) == '\n';
        for (int i = source.indexOf("{%", pos); i >= 0; i = source.indexOf("{%", i + 2)) {
            char sign = signAt(i + 2);
            int end = afterWordTag(i + (sign == 0 ? 2 : 3), "endraw", true);
            if (end >= 0) {
                String text = source.substring(pos, i);
                data(sign == '-' ? Chars.stripEnd(text) : sign == '+' ? text : leftStripped(text));
                pos = end;
                lineStarting = source.charAt(pos - 1) == '\n';
                return;
            }
        }
        if (pos == source.length()) {
            return;
        }
        throw new TemplateError("a raw block is not closed by '{% endraw %}'", lineAt(pos));
    }

    private void inside(Kind begin, Kind end) {
        int opened = lineAt(pos);
        add(begin, "");
        Deque<Character> open = new ArrayDeque<>();
        String close = end == Kind.BLOCK_END ? "%}" : "}}";
        while (true) {
            pos = skipWhitespace(pos);
            if (pos >= source.length()) {
                throw new TemplateError("a tag is not closed by '" + close + "'", opened);
            }
            if (open.isEmpty()) {
                char sign = signAt(pos);
                boolean signed = sign == '-' || (sign == '+' && end == Kind.BLOCK_END);
                int at = pos + (signed && source.startsWith(close, pos + 1) ? 1 : 0);
                if (source.startsWith(close, at)) {
                    add(end, "");
                    // '}}' keeps the newline after it: trim_blocks is about blocks alone.
                    closeTag(at + 2, at > pos ? sign : end == Kind.BLOCK_END ? 0 : '+');
                    return;
                }
            }
            token(open);
        }
    }

    private void token(Deque<Character> open) {
        char c = source.charAt(pos);
        if (c == '"' || c == '\'') {
            string(c);
        } else if (c >= '0' && c <= '9') {
            number();
        } else if (Character.isUnicodeIdentifierStart(source.codePointAt(pos)) || c == '_') {
            int start = pos;
            while (pos < source.length()
                    && (Character.isUnicodeIdentifierPart(source.codePointAt(pos)))
                    && !Character.isIdentifierIgnorable(source.codePointAt(pos))) {
                pos += Character.charCount(source.codePointAt(pos));
            }
            String name = source.substring(start, pos);
            if (!Normalizer.isNormalized(name, Normalizer.Form.NFKC)) {
                // Python takes such a name for its normal form, though not everywhere in a template.
                throw new TemplateError(
                        "the spelling of the name '" + name + "' is not supported by Candor's template engine",
                        lineAt(start));
            }
            add(Kind.NAME, name);
        } else {
            operator(open);
        }
    }

    private void operator(Deque<Character> open) {
        for (String symbol : OPERATORS) {
            if (source.startsWith(symbol, pos)) {
                char c = symbol.charAt(0);
                switch (c) {
                    case '(' -> open.push(')');
                    case '[' -> open.push(']');
                    case '{' -> open.push('}');
                    case ')', ']', '}' -> {
                        if (open.isEmpty() || open.pop() != c) {
                            throw new TemplateError("'" + c + "' closes nothing", lineAt(pos));
                        }
                    }
                    default -> {}
                }
                add(Kind.OPERATOR, symbol);
                pos += symbol.length();
                return;
            }
        }
        throw new TemplateError(
                "unexpected character '" + Character.toString(source.codePointAt(pos)) + "'", lineAt(pos));
    }

    private void number() {
        int end = NumberSyntax.end(source, pos);
        String text = source.substring(pos, end);
        add(NumberSyntax.isFloat(text) ? Kind.FLOAT : Kind.INTEGER, text.replace("_", ""));
        pos = end;
    }

    private void string(char quote) {
        int start = pos;
        int i = pos + 1;
        while (i < source.length() && source.charAt(i) != quote) {
            i += source.charAt(i) == '\\' ? 2 : 1;
        }
        if (i >= source.length()) {
            throw new TemplateError("a string is not closed", lineAt(start));
        }
        add(Kind.STRING, Escapes.unescape(source.substring(start + 1, i), lineAt(start)));
        pos = i + 1;
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, lineAt(pos)));
    }

    private int lineAt(int index) {
        while (counted < Math.min(index, source.length())) {
            if (source.charAt(counted++) == '\n') {
                line++;
            }
        }
        return line;
    }
}
