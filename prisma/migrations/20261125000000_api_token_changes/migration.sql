-- Every process of the API remembers the tokens that it has seen lately: a change of one is told to all of them.

CREATE FUNCTION "tell_api_token_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('faultline_api_token', OLD."prefix");
    RETURN NULL;
END $$;

CREATE TRIGGER "api_token_tell_change" AFTER UPDATE OR DELETE ON "api_token"
    FOR EACH ROW EXECUTE FUNCTION "tell_api_token_change"();
