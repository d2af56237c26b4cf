package candor.data;

public record Message(String role, String content) {}
