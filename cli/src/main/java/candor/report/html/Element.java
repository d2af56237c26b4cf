package candor.report.html;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** An element with its attributes and children, in the order in which they were added. */
public final class Element implements Node {
    private static final Set<String> VOID = Set.of("meta", "br", "hr", "col");
    /** Children of these start on a new line, so that the file can be read; white space between them means nothing. */
    private static final Set<String> BLOCKS = Set.of(
            "html", "head", "body", "main", "header", "footer", "nav", "section", "article", "div", "figure", "table",
            "thead", "tbody", "tr", "dl", "ul", "ol", "details", "svg", "g", "select");
    /** What an attribute may be named: nothing that runs, styles or fetches. */
    private static final Set<String> ATTRIBUTES = Set.of(
            "class",
            "id",
            "lang",
            "dir",
            "role",
            "tabindex",
            "scope",
            "colspan",
            "open",
            "charset",
            "name",
            "content",
            "http-equiv",
            "datetime",
            "viewBox",
            "x",
            "y",
            "x1",
            "x2",
            "y1",
            "y2",
            "cx",
            "cy",
            "r",
            "width",
            "height",
            "d",
            "points",
            "transform",
            "text-anchor",
            "title",
            "for",
            "value");

    /** A file in a folder beside the page: no scheme, no way up or out. */
    private static final Pattern BESIDE = Pattern.compile("(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+/[a-z0-9-]+\\.csv");

    private final String name;
    private final Map<String, String> attributes = new LinkedHashMap<>();
    private final List<Node> children = new ArrayList<>();

    private Element(String name) {
        this.name = name;
    }

    /** A new element; scripts and what embeds or fetches have no place in a report. */
    public static Element of(String name, Object... children) {
        if (!name.matches("[a-zA-Z][a-zA-Z0-9]*")
                || Set.of("script", "style", "iframe", "object", "embed", "img", "image", "link", "base", "form", "use")
                        .contains(name.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException("no element of a report: " + name);
        }
        return new Element(name).add(children);
    }

    /** Sets an attribute. */
    public Element attr(String attribute, Object value) {
        String text = String.valueOf(value);
        boolean known = ATTRIBUTES.contains(attribute) || attribute.matches("aria-[a-z]+");
        boolean place = attribute.equals("href") && text.matches("#[a-zA-Z0-9_-]+");
        if (!known && !place) {
            throw new IllegalArgumentException("no attribute of a report: " + attribute + "=" + text);
        }
        attributes.put(attribute, text);
        return this;
    }

    /**
     * A link to a CSV file beside the page.
     *
     * @param folder beside the page; any name that a folder can have
     * @param file in it: small letters, digits and dashes
     */
    public static Element link(String words, String folder, String file) {
        String place = URLEncoder.encode(folder, StandardCharsets.UTF_8)
                        .replace("+", "%20")
                        .replace("*", "%2A") + "/" + file;
        if (!BESIDE.matcher(place).matches() || folder.matches("\\.*")) {
            throw new IllegalArgumentException("no file beside a report: " + place);
        }
        Element link = of("a", words);
        link.attributes.put("href", place);
        return link;
    }

    /** Sets the class. */
    public Element cls(String names) {
        return attr("class", names);
    }

    /** Adds nodes, and everything else as text. Lists are added item by item. */
    public Element add(Object... more) {
        for (Object each : more) {
            switch (each) {
                case Node node -> children.add(node);
                case List<?> list -> list.forEach(this::add);
                default -> children.add(new Text(String.valueOf(each)));
            }
        }
        return this;
    }

    @Override
    public void write(StringBuilder out) {
        out.append('<').append(name);
        attributes.forEach((attribute, value) -> {
            out.append(' ').append(attribute).append("=\"");
            Text.escape(Visible.text(value), out);
            out.append('"');
        });
        out.append('>');
        if (VOID.contains(name)) {
            return;
        }
        for (Node child : children) {
            if (BLOCKS.contains(name)) {
                out.append('\n');
            }
            child.write(out);
        }
        if (BLOCKS.contains(name)) {
            out.append('\n');
        }
        out.append("</").append(name).append('>');
    }

    @Override
    public void each(Consumer<Node> visit) {
        visit.accept(this);
        children.forEach(child -> child.each(visit));
    }

    @Override
    public String words() {
        return children.stream().map(Node::words).collect(Collectors.joining());
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        write(out);
        return out.toString();
    }
}
