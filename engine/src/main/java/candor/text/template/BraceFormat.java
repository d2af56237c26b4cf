package candor.text.template;

/** The plain fields of Python's {@code str.format}: {@code {}}, {@code {0}} and {@code {name}}. */
final class BraceFormat {
    private BraceFormat() {}

    static String format(String format, Arguments arguments, Budget budget) {
        Output out = new Output(budget);
        int automatic = 0;
        boolean numbered = false;
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '{' && c != '}') {
                out.append(String.valueOf(c));
                continue;
            }
            if (i + 1 < format.length() && format.charAt(i + 1) == c) {
                out.append(String.valueOf(c));
                i++;
                continue;
            }
            int end = format.indexOf('}', i);
            if (c == '}' || end < 0) {
                throw new TemplateError("format(): a single '" + c + "'");
            }
            String field = format.substring(i + 1, end);
            if (!field.chars().allMatch(x -> Character.isLetterOrDigit(x) || x == '_')) {
                throw TemplateError.unsupported("the field '{" + field + "}' of format()");
            }
            boolean digits = !field.isEmpty() && field.chars().allMatch(x -> x >= '0' && x <= '9');
            if (digits && automatic > 0 || field.isEmpty() && numbered || field.length() > 9 && digits) {
                throw new TemplateError("format(): fields with and without numbers");
            }
            numbered |= digits;
            Object value;
            if (field.isEmpty() || digits) {
                int index = digits ? Integer.parseInt(field) : automatic++;
                if (index >= arguments.positional().size()) {
                    throw new TemplateError("format(): too few arguments");
                }
                value = arguments.positional().get(index);
            } else if (arguments.named().containsKey(field)) {
                value = arguments.named().get(field);
            } else {
                throw new TemplateError("format(): no argument '" + field + "'");
            }
            out.append(Values.text(value, budget));
            i = end;
        }
        return out.toString();
    }
}
