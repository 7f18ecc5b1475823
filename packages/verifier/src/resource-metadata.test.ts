import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OptionsError } from "./options.ts";
import { type ResourceOptions, resourceMetadata } from "./resource-metadata.ts";
import { createTestIssuer } from "./testing/index.ts";

const ISSUER = "https://auth.example";
const OPTIONS = { issuer: ISSUER, audience: "https://api.example" } as const;

const of = (resource: string, more: Partial<ResourceOptions> = {}): ReturnType<typeof resourceMetadata> =>
  resourceMetadata({ resource, authorizationServers: [ISSUER], ...more });

describe("a resource's metadata", () => {
  const places: readonly [resource: string, url: string][] = [
    ["https://api.example", "https://api.example/.well-known/oauth-protected-resource"],
    ["https://api.example/", "https://api.example/.well-known/oauth-protected-resource"],
    ["https://api.example/orders", "https://api.example/.well-known/oauth-protected-resource/orders"],
    ["https://api.example/a/b/", "https://api.example/.well-known/oauth-protected-resource/a/b/"],
    ["http://localhost:8027", "http://localhost:8027/.well-known/oauth-protected-resource"],
  ];
  for (const [resource, url] of places) {
    it(`stands between host and path: ${resource} [PRM-1]`, () => {
      const metadata = of(resource);
      assert.equal(metadata.url, url);
      assert.equal((JSON.parse(metadata.body) as { readonly resource: string }).resource, resource);
    });
  }

  it("holds what is known of the resource, and no member that is not [PRM-2] [PRM-4]", () => {
    assert.deepEqual(JSON.parse(of("https://api.example").body), {
      resource: "https://api.example",
      authorization_servers: [ISSUER],
      bearer_methods_supported: ["header"],
    });
    const { body } = of("https://api.example", {
      scopes: ["read"],
      name: "Orders",
      documentation: "https://docs.example",
    });
    assert.deepEqual(JSON.parse(body), {
      resource: "https://api.example",
      authorization_servers: [ISSUER],
      scopes_supported: ["read"],
      bearer_methods_supported: ["header"],
      resource_name: "Orders",
      resource_documentation: "https://docs.example",
    });
  });

  it("is answered where it stands, to anyone, and nowhere else [PRM-1]", async () => {
    const metadata = of("https://api.example/orders");
    const response = metadata.respond(new Request(metadata.url));
    assert.deepEqual(
      [response?.status, response?.headers.get("content-type"), response?.headers.get("access-control-allow-origin")],
      [200, "application/json", "*"],
    );
    assert.deepEqual(
      [response?.headers.get("cache-control"), response?.headers.get("x-content-type-options")],
      ["public, max-age=300", "nosniff"],
    );
    assert.equal(await response?.text(), metadata.body);
    assert.equal(await metadata.respond(new Request(metadata.url, { method: "HEAD" }))?.text(), "");
    assert.equal(metadata.respond(new Request(metadata.url, { method: "POST" })), undefined);
    assert.equal(metadata.respond(new Request(`${metadata.url}/`)), undefined);
    assert.equal(metadata.respond(new Request("https://api.example/orders")), undefined);
  });

  it("is not made of what no client would believe, and all problems are named at once [PRM-1] [PRM-3] [PRM-4]", () => {
    const wrong: readonly ResourceOptions[] = [
      { resource: "http://api.example", authorizationServers: [ISSUER] },
      { resource: "https://api.example?x=1", authorizationServers: [ISSUER] },
      { resource: "https://api.example#x", authorizationServers: [ISSUER] },
      { resource: "api.example", authorizationServers: [ISSUER] },
      { resource: "https://api.example", authorizationServers: [] },
      { resource: "https://api.example", authorizationServers: ["http://auth.example"] },
      { resource: "https://api.example", authorizationServers: [ISSUER], scopes: ["offline_access"] },
      { resource: "https://api.example", authorizationServers: [ISSUER, "http://auth.example"] },
      { resource: "https://api.example", authorizationServers: [ISSUER], scopes: ["a b"] },
      { resource: "https://api.example", authorizationServers: [ISSUER], scopes: ["read", "a b"] },
      { resource: "https://api.example", authorizationServers: [ISSUER], documentation: "there" },
    ];
    for (const options of wrong) assert.throws(() => resourceMetadata(options), OptionsError, JSON.stringify(options));
    assert.throws(
      () => resourceMetadata({ resource: "", authorizationServers: [], scopes: [""], documentation: "" }),
      (thrown) => thrown instanceof OptionsError && thrown.problems.length === 4,
    );
  });
});

describe("a challenge", () => {
  const url = "https://api.example/.well-known/oauth-protected-resource";

  it("names the metadata, alone where there were no credentials and beside the error where there were [PRM-3]", async () => {
    const issuer = await createTestIssuer({ ...OPTIONS, resourceMetadata: url });
    const { verifier } = issuer;
    const challengeOf = async (input: Request | string, more: object = {}): Promise<string | undefined> => {
      const verdict = await verifier.verify(input, more);
      return verdict.kind === "rejected" ? verdict.challenge : undefined;
    };
    const named = `resource_metadata="${url}"`;
    assert.equal(await challengeOf(new Request("https://api.example/")), `Bearer ${named}`);
    assert.equal(await challengeOf("x"), `Bearer error="invalid_token", ${named}`);
    const token = await issuer.token();
    assert.equal(
      await challengeOf(token, { requireScope: ["pay"] }),
      `Bearer error="insufficient_scope", scope="pay", ${named}`,
    );
    assert.equal(
      await challengeOf(token, { maxAuthAge: 60 }),
      `Bearer error="insufficient_user_authentication", max_age="60", ${named}`,
    );
    const judged = verifier.judge("x");
    assert.ok(judged?.kind === "rejected" && judged.challenge.endsWith(named));
  });

  it("names nothing where no metadata were given [PRM-3]", async () => {
    const { verifier } = await createTestIssuer(OPTIONS);
    const verdict = await verifier.verify("x");
    assert.ok(verdict.kind === "rejected");
    assert.equal(verdict.challenge, 'Bearer error="invalid_token"');
  });

  it("can't be given an address that would break out of it [PRM-3]", async () => {
    for (const resource of ['https://api.example/"', "http://api.example", "https://api.example/a b", "x"]) {
      await assert.rejects(createTestIssuer({ ...OPTIONS, resourceMetadata: resource }), OptionsError, resource);
    }
  });
});
