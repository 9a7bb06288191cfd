import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.HibernatePropertiesProvider;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.config.util.ResourceCountCacheUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.DaoRegistryResourceSupportedSvc;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.util.ResourceCountCache;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import java.io.OutputStream;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.AbstractConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.hibernate.dialect.Dialect;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * A HAPI FHIR R4 server with its data in memory: {@code [HOST PORT [KEYSTORE PASSWORD]]}, with a key store
 * over TLS; without arguments on a free port of 127.0.0.1.
 *
 * <p>Prints "READY base-url" once it answers. Without arguments it ends when its standard input does: a test
 * run that is killed leaves no server behind.
 */
public final class FhirServer {

  @Configuration
  @Import({
    JpaR4Config.class,
    ThreadPoolFactoryConfig.class,
    JpaBatch2Config.class,
    Batch2JobsConfig.class,
    SubscriptionSubmitterConfig.class,
    SubscriptionChannelConfig.class,
    // Parts that HAPI asks for and leaves to the application:
    PartitionSettings.class,
    SubscriptionSettings.class,
    DaoRegistryResourceSupportedSvc.class,
  })
  static class Wiring {

    // ---- how this server behaves

    @Bean
    JpaStorageSettings storageSettings() {
      JpaStorageSettings settings = new JpaStorageSettings();
      // An identical search would otherwise be answered from the last minute's result.
      settings.setReuseCachedSearchResultsForMillis(null);
      // Charts refer to practitioners and devices that no test loads.
      settings.setEnforceReferentialIntegrityOnWrite(false);
      settings.setAllowExternalReferences(true);
      // Background jobs that need jars left out of pom.xml, and that no test uses.
      settings.setEnableTaskBulkImportJobExecution(false);
      settings.setEnableTaskBulkExportJobExecution(false);
      // Ids such as "1001" are the tests' own.
      settings.setResourceClientIdStrategy(JpaStorageSettings.ClientIdStrategyEnum.ANY);
      settings.setResourceServerIdStrategy(JpaStorageSettings.IdStrategyEnum.UUID);
      return settings;
    }

    /** GET /metadata looks this up by name. */
    @Bean("myResourceCountsCache")
    ResourceCountCache resourceCounts(IFhirSystemDao<?, ?> dao) {
      return ResourceCountCacheUtil.newResourceCountCache(dao);
    }

    @Bean
    DatabaseBackedPagingProvider pagingProvider() {
      DatabaseBackedPagingProvider paging = new DatabaseBackedPagingProvider();
      paging.setDefaultPageSize(20);
      paging.setMaximumPageSize(200);
      return paging;
    }

    @Bean
    RestfulServer restfulServer(
        IFhirSystemDao<?, ?> dao,
        IJpaSystemProvider system,
        ResourceProviderFactory resources,
        JpaStorageSettings settings,
        ISearchParamRegistry parameters,
        IValidationSupport validation,
        DatabaseBackedPagingProvider paging) {
      RestfulServer server = new RestfulServer(dao.getContext());
      server.registerProviders(resources.createProviders());
      server.registerProvider(system);
      server.setServerConformanceProvider(
          new JpaCapabilityStatementProvider(server, dao, settings, parameters, validation));
      server.setPagingProvider(paging);
      server.setDefaultResponseEncoding(EncodingEnum.JSON);
      return server;
    }

    // ---- the database

    @Bean
    DataSource dataSource() {
      BasicDataSource source = new BasicDataSource();
      source.setUrl("jdbc:h2:mem:fhir;DB_CLOSE_DELAY=-1");
      source.setMaxTotal(20);
      return source;
    }

    @Bean
    @Primary
    LocalContainerEntityManagerFactoryBean entityManagerFactory(
        DataSource source,
        ConfigurableListableBeanFactory beans,
        FhirContext fhir,
        JpaStorageSettings settings) {
      LocalContainerEntityManagerFactoryBean factory =
          HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
      factory.setPersistenceUnitName("fhir");
      factory.setDataSource(source);
      factory.setJpaPropertyMap(
          Map.of(
              "hibernate.dialect", HapiFhirH2Dialect.class.getName(),
              "hibernate.hbm2ddl.auto", "create",
              "hibernate.jdbc.batch_size", "20",
              "hibernate.search.enabled", "false"));
      return factory;
    }

    @Bean
    @Primary
    JpaTransactionManager transactionManager(EntityManagerFactory factory) {
      return new JpaTransactionManager(factory);
    }

    @Bean
    @Primary
    HibernatePropertiesProvider hibernateProperties(DataSource source) {
      Dialect dialect = new HapiFhirH2Dialect();
      return new HibernatePropertiesProvider() {
        @Override
        public Dialect getDialect() {
          return dialect;
        }

        @Override
        public DataSource getDataSource() {
          return source;
        }
      };
    }
  }

  private static ConnectionFactory[] connections(String[] args) {
    HttpConfiguration how = new HttpConfiguration();
    if (args.length < 4) {
      return new ConnectionFactory[] {new HttpConnectionFactory(how)};
    }
    how.addCustomizer(new SecureRequestCustomizer(false)); // its links are https then
    SslContextFactory.Server tls = new SslContextFactory.Server();
    tls.setKeyStorePath(args[2]);
    tls.setKeyStorePassword(args[3]);
    return AbstractConnectionFactory.getFactories(tls, new HttpConnectionFactory(how));
  }

  public static void main(String[] args) throws Exception {
    AnnotationConfigApplicationContext parts = new AnnotationConfigApplicationContext();
    parts.setAllowCircularReferences(true); // HAPI's own beans refer to each other
    parts.register(Wiring.class);
    parts.refresh();

    Server jetty = new Server();
    ServerConnector connector = new ServerConnector(jetty, connections(args));
    connector.setHost(args.length == 0 ? "127.0.0.1" : args[0]);
    connector.setPort(args.length == 0 ? 0 : Integer.parseInt(args[1]));
    jetty.addConnector(connector);
    ServletContextHandler root = new ServletContextHandler("/");
    root.addServlet(new ServletHolder(parts.getBean(RestfulServer.class)), "/fhir/*");
    jetty.setHandler(root);
    jetty.start();
    String scheme = args.length == 4 ? "https" : "http";
    System.out.println(
        "READY " + scheme + "://" + connector.getHost() + ":" + connector.getLocalPort() + "/fhir");

    if (args.length > 0) {
      jetty.join();
    }
    System.in.transferTo(OutputStream.nullOutputStream());
    System.exit(0);
  }
}
