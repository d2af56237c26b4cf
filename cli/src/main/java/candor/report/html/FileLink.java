package candor.report.html;

import java.util.function.Consumer;

/** The name of a CSV file beside the page, and a link to it once it is known where that is. */
public final class FileLink implements Node {
    private final String file;
    private String folder = "";

    /** @param file small letters, digits and dashes, with the ending */
    public FileLink(String file) {
        this.file = file;
    }

    /** Says in which folder beside the page it lies. */
    public void in(String beside) {
        folder = beside;
    }

    @Override
    public void each(Consumer<Node> visit) {
        visit.accept(this);
    }

    @Override
    public String words() {
        return file;
    }

    @Override
    public void write(StringBuilder out) {
        (folder.isEmpty() ? Element.of("code", file) : Element.link(file, folder, file)).write(out);
    }
}
