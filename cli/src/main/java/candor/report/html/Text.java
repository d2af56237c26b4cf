package candor.report.html;

import java.util.function.Consumer;

/** Text, escaped when written. */
record Text(String text) implements Node {
    @Override
    public void write(StringBuilder out) {
        escape(Visible.text(text), out);
    }

    @Override
    public void each(Consumer<Node> visit) {
        visit.accept(this);
    }

    @Override
    public String words() {
        return text;
    }

    static void escape(String text, StringBuilder out) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.append(c);
            }
        }
    }
}
